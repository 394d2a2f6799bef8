"""What the installation under attack does on request."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from alerts.models import User
from integrations import engine, operations
from integrations.models import InboundMessage, Integration, UnmatchedDelivery

SECRET = "hush-hush-hush"


def build_doors() -> dict[str, str]:
    """Make one integration for each kind of door; return their tokens by kind."""
    now = timezone.now()  # noqa: TID251
    anna = User.objects.create_user("anna", "anna@example.com", is_staff=True)

    def build(kind: str, **columns: Any) -> Integration:
        integration = operations.create_integration("bitbucket", name=kind, users=[anna])
        Integration.objects.filter(pk=integration.pk).update(**columns)
        return Integration.objects.get(pk=integration.pk)

    plain, kept, expired = build("plain"), build("kept"), build("expired")
    signed = build("signed")
    signed.signing_secret = SECRET
    signed.save()
    tokens = {"plain": plain.token, "kept": kept.token, "expired": expired.token, "signed": signed.token}
    operations.rotate(kept, keep_old_for=timedelta(hours=1), now=now)
    operations.rotate(expired, keep_old_for=timedelta(hours=1), now=now - timedelta(hours=2))
    tokens["disabled"] = build("disabled", is_enabled=False).token
    tokens["get"] = build("get", allows_get=True).token
    return tokens


def newest() -> int:
    message = InboundMessage.objects.order_by("pk").last()
    return message.pk if message else 0


def became(after: int) -> list[list[str]]:
    """Process all there is; return reason and detail of each delivery that came after a message."""
    now = timezone.now()  # noqa: TID251
    for pk in engine.waiting_integrations(now):
        operations.process_waiting(pk, now=now)
    rows = InboundMessage.objects.filter(pk__gt=after).order_by("pk")
    return [[message.reason or message.status, message.detail] for message in rows]


def unmatched() -> int:
    return UnmatchedDelivery.objects.count()


def stored() -> list[int]:
    return list(InboundMessage.objects.values_list("pk", flat=True))
