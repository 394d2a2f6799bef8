"""The secret in an integration's URL: made, found, shown and replaced."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from alertops.lib import secrets
from integrations.models import Integration

# What the door needs of an integration; the token itself stays encrypted where it is.
_NEEDED_BY_THE_DOOR = ("id", "name", "is_enabled", "signature_scheme", "signing_secret", "allows_get")


class AlreadyRotated(Exception):
    """Somebody else has replaced the token since this integration was read."""


def create(integration: Integration) -> str:
    """Give an integration that is being made its token, without saving it; return the token."""
    integration.token = secrets.new_token()
    integration.token_digest = secrets.digest(integration.token)
    return integration.token


def rotate(integration: Integration, *, keep_old_for: timedelta, now: datetime) -> str:
    """Replace the token and return the new one; the old one stays valid beside it for a time.

    Raises AlreadyRotated when the integration has another token by now.
    """
    before, keeps = integration.token_digest, keep_old_for > timedelta(0)
    create(integration)
    integration.previous_token_digest = before if keeps else None
    integration.previous_token_expires_at = now + keep_old_for if keeps else None
    replaced = Integration.objects.filter(pk=integration.pk, token_digest=before).update(
        token=integration.token,
        token_digest=integration.token_digest,
        previous_token_digest=integration.previous_token_digest,
        previous_token_expires_at=integration.previous_token_expires_at,
    )
    if not replaced:
        raise AlreadyRotated(_("The secret URL was replaced meanwhile: load the page again."))
    return integration.token


def url_of(integration: Integration) -> str:
    """Return the secret URL to which the sender posts."""
    return door(integration.token)


def door(token: str) -> str:
    """Return the address that a token opens."""
    return f"{settings.BASE_URL}/in/{token}"


def find(token: str, now: datetime) -> Integration | None:
    """Return the integration that a token opens, by its present token or by one that is still kept."""
    digest = secrets.digest(token)
    kept = Q(previous_token_digest=digest, previous_token_expires_at__gt=now)
    return Integration.objects.only(*_NEEDED_BY_THE_DOOR).filter(Q(token_digest=digest) | kept).first()
