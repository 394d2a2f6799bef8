"""How the admin looks: its name, mark, colour and style sheet, as django-unfold reads them."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

# Iris: no status has this colour. The same steps are in static/alertops/mark.svg and in the mails.
IRIS = {
    "50": "oklch(97.4% .012 296)",
    "100": "oklch(94.6% .026 296)",
    "200": "oklch(89.8% .05 296)",
    "300": "oklch(81.8% .09 296)",
    "400": "oklch(71.5% .135 296)",
    "500": "oklch(61.5% .175 296)",
    "600": "oklch(53% .19 296)",
    "700": "oklch(46.5% .18 296)",
    "800": "oklch(39.5% .15 296)",
    "900": "oklch(34% .115 296)",
    "950": "oklch(25% .085 296)",
}


def mark(_request: HttpRequest) -> str:
    """Return the address of the brand mark."""
    return static("alertops/mark.svg")


def style_sheet(_request: HttpRequest) -> str:
    """Return the address of our one style sheet, written on Unfold's variables."""
    return static("alertops/app.css")


def script(_request: HttpRequest) -> str:
    """Return the address of the little that our pages do by themselves."""
    return static("alertops/app.js")


def names(_request: HttpRequest) -> str:
    """Return the address of what gives names to Django's widgets, for those who hear a page."""
    return static("alertops/names.js")


APPEARANCE: dict[str, Any] = {
    "SITE_TITLE": "alertops",
    "SITE_HEADER": "alertops",
    "SITE_URL": None,
    "SITE_ICON": mark,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": mark}],
    "STYLES": [style_sheet],
    "SCRIPTS": [script, names],
    "COLORS": {"primary": IRIS},
    "BORDER_RADIUS": "8px",
    "SHOW_VIEW_ON_SITE": False,
    "ACCOUNT": {"navigation": [{"title": _("My page"), "link": reverse_lazy("admin:alerts_user_me")}]},
}
