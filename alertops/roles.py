"""What the four roles may do: Django groups that every installation has."""

from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

VIEWER, RESPONDER, INTEGRATIONS_ADMIN, ADMIN = "Viewer", "Responder", "Integrations admin", "Admin"

_READ = {
    "alerts": [
        *("alert", "alertevent", "escalation", "escalationpolicy", "escalationstep", "notification"),
        *("attempt", "team", "teammembership", "user", "supporthours"),
        *("schedule", "rotation", "rotationturn", "rotationhours", "override", "outofoffice", "handover"),
    ],
    "integrations": [
        *("inboundmessage", "integration", "mappingrule", "filter", "route", "outcome", "replay"),
        "unmatcheddelivery",
    ],
    "brokers": ["brokerrun", "push", "repository", "repositoryservice", "runrequest"],
}
_CONFIGURATION = {
    "integrations": ["integration", "mappingrule", "filter", "route"],
    "alerts": [
        *("escalationpolicy", "escalationstep", "schedule", "rotation", "rotationturn", "rotationhours"),
        *("override", "outofoffice", "supporthours"),
    ],
    "brokers": ["repository", "repositoryservice"],
}
_PEOPLE = {"alerts": ["user", "team", "teammembership"], "knox": ["authtoken"]}


def _codes(models: dict[str, list[str]], *verbs: str) -> set[tuple[str, str]]:
    return {(app, f"{verb}_{model}") for app, names in models.items() for model in names for verb in verbs}


_VIEWER = _codes(_READ, "view")
_RESPONDER = _VIEWER | {("alerts", "add_alert"), ("alerts", "respond_alert")}
_INTEGRATIONS_ADMIN = (
    _RESPONDER
    | _codes(_CONFIGURATION, "add", "change", "delete")
    | {("integrations", "show_token"), ("integrations", "process_again"), ("integrations", "add_replay")}
)
ROLES: dict[str, set[tuple[str, str]]] = {
    VIEWER: _VIEWER,
    RESPONDER: _RESPONDER,
    INTEGRATIONS_ADMIN: _INTEGRATIONS_ADMIN,
    ADMIN: _INTEGRATIONS_ADMIN | _codes(_PEOPLE, "view", "add", "change", "delete"),
}


def grant(**_signal: Any) -> None:
    """Make the four groups and give each exactly its permissions, as often as it is called.

    Whoever wants other combinations makes groups of their own: these four are the product's.
    """
    for config in apps.get_app_configs():
        create_permissions(config, verbosity=0)
    ids = {
        (app, code): pk
        for pk, app, code in Permission.objects.values_list("id", "content_type__app_label", "codename")
    }
    for name, codes in ROLES.items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.set(ids[code] for code in codes)
