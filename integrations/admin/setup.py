"""What stands above an integration's settings: its URL, how it is doing, how to set up the sender."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from alertops.lib import prose
from integrations import operations
from integrations.logic import payload, pipeline, trace
from integrations.models import InboundMessage, Integration

MASKED = "•" * 12


@dataclass(frozen=True)
class Setup:
    """What the card shows.

    last: the newest delivery; None while the first is waited for.  reading: what the rules make of the
    sample, in a sentence.
    """

    integration: Integration
    may_show: bool
    may_change: bool
    last: InboundMessage | None
    is_local: bool
    old_url_until: datetime | None

    @property
    def masked_url(self) -> str:
        return operations.door(MASKED)

    @property
    def preset(self) -> str:
        return preset_name(self.integration)

    @cached_property
    def steps(self) -> SafeString | str:
        return steps(self.integration, operations.door(_("<the secret URL>")).rpartition("/")[2])

    @property
    def reading(self) -> str:
        return reading(self.integration)


def setup(integration: Integration, request: HttpRequest, now: datetime) -> Setup:
    expires_at = integration.previous_token_expires_at
    return Setup(
        integration=integration,
        may_show=request.user.has_perm("integrations.show_token"),
        may_change=request.user.has_perm("integrations.change_integration"),
        last=InboundMessage.objects.filter(integration=integration).defer("body", "headers").first(),
        is_local="localhost" in settings.BASE_URL or "127.0.0.1" in settings.BASE_URL,
        old_url_until=expires_at if expires_at and expires_at > now else None,
    )


def preset_name(integration: Integration) -> str:
    try:
        return operations.preset(integration.preset).name
    except operations.UnknownPreset:
        return integration.preset


def steps(integration: Integration, url: str) -> SafeString | str:
    """Return the preset's set-up text with an address in it, as HTML; empty if there is none."""
    try:
        return prose.html(operations.preset(integration.preset).setup_for(url))
    except operations.UnknownPreset:
        return ""


def reading(integration: Integration) -> str:
    """Say what the rules as they are now make of the sample; nothing is done."""
    if not integration.sample_body:
        return ""
    try:
        decoded = payload.decode(
            integration.sample_body.encode(), content_type="", headers=integration.sample_headers
        )
    except payload.UnreadableBody as error:
        return str(error)
    return trace.sentence(pipeline.evaluate(decoded, operations.config_of(integration)))
