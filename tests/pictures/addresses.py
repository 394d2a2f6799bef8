"""Which pages there are: taken from the admin's own addresses, so that a new page is photographed by itself.

These functions run inside an installation. An address that needs a row takes one of the installation; what
else it needs stands in ARGUMENTS. What cannot be made up fails, and says what to add.
"""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, URLPattern, URLResolver, reverse

from alerts.admin.acts import OFFERS
from alerts.models import User
from brokers.builtin import BUILTIN

ROW = {"object_id", "number", "id"}  # what an address calls the row it is about
# What addresses need beside a row: for each name, everything that there is.
ARGUMENTS: dict[str, list[list[Any]]] = {
    "alerts_alert_act": [[offer.action.value] for offer in OFFERS.values()],
    "brokers_repositoryservice_shelf_broker": [[name] for name in BUILTIN],
    "alerts_override_end": [[1]],
    "overview_part": [["alerts"], ["day"], ["duty"]],
}
# Django's own that show nothing, or nothing by themselves.
NOTHING_TO_SEE = {
    *("alerts_escalationpolicy_adopt", "alerts_escalationpolicy_clone"),
    *("logout", "jsi18n", "view_on_site", "autocomplete", "search", "toggle_sidebar", "app_list"),
}
# The row of a model that a picture says most of, by its name in the day; else the newest.
BEST = {"alerts.alert": "orders", "integrations.inboundmessage": "opened", "integrations.replay": "run"}
# What is asked for besides: the name in the query, and the model whose row it is.
QUERIES = {
    "integrations_mappingrule_add": ("integration", "integrations.integration"),
    "alerts_rotation_add": ("schedule", "alerts.schedule"),
}


def every_address(names: dict[str, int]) -> dict[str, str]:
    """Return each page of the admin with its address. names: rows of the day, by name.

    An address is "" where the installation has no row for it, and its name then says which.
    """
    rows = {label: _row(model, names) for label, model in _models()}
    found: dict[str, str] = {}
    for pattern in _patterns(admin.site.get_urls()):
        name = str(pattern.name)
        if name not in NOTHING_TO_SEE:
            found |= dict(_addresses(name, pattern, rows))
    return found


def session_of(username: str) -> str:
    """Log somebody in; return the key of the session."""
    user = User.objects.get(username=username)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def page_of_failure() -> str:
    """Return the page that is shown when something failed: nothing fails on purpose."""
    return render_to_string("500.html")


def _models() -> Iterator[tuple[str, Any]]:
    for model in admin.site._registry:
        yield model._meta.label_lower, model


def _row(model: Any, names: dict[str, int]) -> Any:
    best = names.get(BEST.get(model._meta.label_lower, ""))
    return best or model._default_manager.order_by("-pk").values_list("pk", flat=True).first()


def _patterns(patterns: list[Any]) -> Iterator[URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield pattern


def _addresses(name: str, pattern: URLPattern, rows: dict[str, Any]) -> Iterator[tuple[str, str]]:
    label = next((label for label in rows if name.startswith(label.replace(".", "_") + "_")), "")
    label = label or ("alerts.user" if name.startswith("auth_user_") else "alerts.alert")
    wanted = pattern.pattern.converters
    needs_row = bool(ROW & set(wanted))
    if needs_row and rows[label] is None:
        yield f"{name}: the day has no {label}", ""
        return
    row = [rows[label]] if needs_row else []
    for more in ARGUMENTS.get(name, [[]]):
        title = "-".join([name, *map(str, more)])
        try:
            path = reverse(f"admin:{name}", args=[*row, *more])
        except NoReverseMatch:
            yield f"{name}: say in tests/pictures/addresses.py what it needs beside a row", ""
        else:
            query = [f"{QUERIES[name][0]}={rows[QUERIES[name][1]]}"] if name in QUERIES else []
            yield title, "?".join([path, *query])
