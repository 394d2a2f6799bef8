"""How a sender is set up: the secret URL, the steps with the URL in them, and a line to try it."""

import ipaddress
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from alertops.lib import prose
from alertops.lib.admin import may
from alertops.lib.display import Tone, clock
from integrations import operations
from integrations.admin import arrival
from integrations.admin.marks import draw
from integrations.models import Integration
from integrations.operations.minimal import MinimalBodies, minimal_bodies
from integrations.operations.presets import Mark

MASKED = "•" * 12


@dataclass(frozen=True)
class Notice:
    """What keeps senders from reaching the URL, and how to mend it."""

    tone: Tone
    text: str
    mend: str


@dataclass(frozen=True)
class Setup:
    """What the page shows.

    is_shown: the URL stands there in full.  may_map: the reader may go to the workbench.
    """

    integration: Integration
    is_shown: bool
    may_show: bool
    may_change: bool
    may_map: bool

    @property
    def url(self) -> str:
        return operations.url_of(self.integration) if self.is_shown else self.masked_url

    @property
    def masked_url(self) -> str:
        return operations.door(MASKED)

    @property
    def preset(self) -> str:
        return preset_name(self.integration)

    @property
    def mark(self) -> SafeString:
        return mark_of(self.integration)

    @cached_property
    def steps(self) -> SafeString | str:
        """The preset's set-up text with the address in it; empty if there is none."""
        try:
            preset = operations.preset(self.integration.preset)
        except operations.UnknownPreset:
            return ""
        _title, _line, text = preset.setup_for(self.url).partition("\n")
        return prose.html(text)

    @property
    def notices(self) -> list[Notice]:
        return list(reach(settings.BASE_URL))

    @cached_property
    def _bodies(self) -> MinimalBodies | None:
        return None if self.integration.signing_secret else minimal_bodies(self.integration)

    @property
    def opening_line(self) -> str:
        return self._curl(self._bodies.opening) if self._bodies else ""

    @property
    def closing_line(self) -> str:
        return self._curl(self._bodies.closing) if self._bodies and self._bodies.closing else ""

    def _curl(self, body: str) -> str:
        return f"curl -H 'Content-Type: application/json' -d {shlex.quote(body)} {self.url}"


def page(admin: Any, request: HttpRequest, number: int) -> HttpResponse:
    """Show how the sender is set up, with the URL masked."""
    return render(admin, request, admin.get_viewable(request, str(number)), is_shown=False)


def render(admin: Any, request: HttpRequest, integration: Integration, *, is_shown: bool) -> HttpResponse:
    return admin.render(
        request,
        "admin/integrations/setup_page.html",
        title=_("Set up %(name)s") % {"name": integration.name},
        original=integration,
        integration=integration,
        setup=setup_of(integration, request, is_shown=is_shown),
        arrival=arrival.begin(integration, request, clock()),
    )


def setup_of(integration: Integration, request: HttpRequest, *, is_shown: bool = False) -> Setup:
    return Setup(
        integration,
        is_shown=is_shown,
        may_show=may(request, "integrations.show_token", integration),
        may_change=may(request, "integrations.change_integration", integration),
        may_map=may(request, "integrations.change_mappingrule", integration),
    )


def preset_name(integration: Integration) -> str:
    try:
        return operations.preset(integration.preset).name
    except operations.UnknownPreset:
        return integration.preset


def mark_of(integration: Integration) -> SafeString:
    try:
        return draw(operations.preset(integration.preset).mark)
    except operations.UnknownPreset:
        return draw(Mark("?", 220))


def reach(base_url: str) -> Iterator[Notice]:
    """Say who cannot reach an address, as far as it tells by itself."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    mend = _(
        "Set ALERTOPS_BASE_URL to the address that the sender can reach, like https://alerts.example.com, in"
        " the environment or in the file %(file)s, and start alertops again."
    ) % {"file": settings.DATA_DIR / "environment"}
    if _is_this_machine(host):
        yield Notice(
            Tone.AMBER,
            _("“%(host)s” is this machine and nothing else: no sender elsewhere can reach this URL.")
            % {"host": host},
            _("%(mend)s The line to try it works from this machine as it is.") % {"mend": mend},
        )
    elif _is_private(host):
        yield Notice(
            Tone.BLUE,
            _(
                "“%(host)s” looks like an address inside your own network: senders on the internet, like"
                " Bitbucket Cloud or GitHub.com, cannot reach it."
            )
            % {"host": host},
            _("For senders inside that is right. Else: %(mend)s") % {"mend": mend},
        )
    elif parts.scheme == "http":
        yield Notice(
            Tone.AMBER,
            _("The URL begins with http: whoever is on the way can read it and post here."),
            _("Put a proxy that speaks https in front. %(mend)s") % {"mend": mend},
        )


def _is_this_machine(host: str) -> bool:
    address = _address(host)
    if address is None:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def _is_private(host: str) -> bool:
    address = _address(host)
    if address is None:
        return "." not in host or host.endswith((".local", ".lan", ".internal", ".home.arpa"))
    return address.is_private


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
