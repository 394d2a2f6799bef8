"""What roles permit, in the words of the product: Django's permissions, bundled as people need them."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from alertops import roles


@dataclass(frozen=True)
class Right:
    """One thing that a role may permit.

    key: names it in a form.  codes: Django's permissions behind it, as "alerts.view_alert"; each belongs to
    one right alone.
    """

    key: str
    words: Any
    codes: frozenset[str]


def _right(key: str, words: Any, app: str, *codes: str) -> Right:
    """Make a right over rows of an app. codes: each a verb and models, as "view alert alertevent"."""
    split = [code.split() for code in codes]
    found = {f"{app}.{verb}_{model}" for verb, *models in split for model in models}
    return Right(key, words, frozenset(found))


_ALL = ("add", "change", "delete")

AREAS: list[tuple[Any, list[Right]]] = [
    (
        _("Alerts"),
        [
            _right(
                "see_alerts",
                _("See alerts and what happened to them"),
                "alerts",
                "view alert alertevent escalation",
            ),
            _right(
                "respond", _("Answer alerts: acknowledge, assign, snooze, close"), "alerts", "respond alert"
            ),
            _right("open_alerts", _("Open an alert by hand"), "alerts", "add alert"),
            _right(
                "see_notifications",
                _("See who was told, by what and with what answer"),
                "alerts",
                "view notification attempt",
            ),
        ],
    ),
    (
        _("Integrations"),
        [
            _right(
                "see_integrations",
                _("See integrations and their mapping rules"),
                "integrations",
                "view integration mappingrule filter route",
            ),
            _right(
                "see_log",
                _("See the inbound log, with all that was sent"),
                "integrations",
                "view inboundmessage outcome unmatcheddelivery replay",
            ),
            _right(
                "process_again",
                _("Process deliveries again"),
                "integrations",
                "process again",
                "add replay",
            ),
            _right(
                "change_integrations",
                _("Add and change integrations and their mapping rules, and see the system’s health"),
                "integrations",
                "add integration",
                "change integration",
                *(f"{verb} mappingrule filter route" for verb in _ALL),
            ),
            _right("show_urls", _("Show and replace secret URLs"), "integrations", "show token"),
            _right("delete_integrations", _("Delete integrations"), "integrations", "delete integration"),
        ],
    ),
    (
        _("Escalation"),
        [
            _right(
                "see_policies",
                _("See escalation policies and support hours"),
                "alerts",
                "view escalationpolicy escalationstep supporthours",
            ),
            _right(
                "change_policies",
                _("Add and change escalation policies and support hours"),
                "alerts",
                "add escalationpolicy supporthours",
                "change escalationpolicy supporthours",
                *(f"{verb} escalationstep" for verb in _ALL),
            ),
            _right(
                "delete_policies",
                _("Delete escalation policies and support hours"),
                "alerts",
                "delete escalationpolicy supporthours",
            ),
        ],
    ),
    (
        _("On call"),
        [
            _right(
                "see_schedules",
                _("See schedules and who is on call"),
                "alerts",
                "view schedule rotation rotationturn rotationhours override outofoffice handover",
            ),
            _right(
                "change_schedules",
                _("Add and change schedules, overrides and times out of office"),
                "alerts",
                "add schedule",
                "change schedule",
                *(f"{verb} rotation rotationturn rotationhours override outofoffice" for verb in _ALL),
            ),
            _right("delete_schedules", _("Delete schedules"), "alerts", "delete schedule"),
        ],
    ),
    (
        _("Repositories"),
        [
            _right(
                "see_repositories",
                _("See repositories, their services, pushes and runs"),
                "brokers",
                "view repository repositoryservice push brokerrun runrequest",
            ),
            _right(
                "change_repositories",
                _("Add and change repositories and their services"),
                "brokers",
                "add repository",
                "change repository",
                *(f"{verb} repositoryservice" for verb in _ALL),
            ),
            _right("delete_repositories", _("Delete repositories"), "brokers", "delete repository"),
        ],
    ),
    (
        _("People"),
        [
            _right("see_people", _("See people and teams"), "alerts", "view user team teammembership"),
            _right(
                "change_people",
                _("Invite, change and deactivate people"),
                "alerts",
                "add user",
                "change user",
            ),
            _right(
                "change_teams",
                _("Add and change teams"),
                "alerts",
                "add team",
                "change team",
                *(f"{verb} teammembership" for verb in _ALL),
            ),
            _right(
                "delete_people",
                _("Delete teams, and people who are deactivated"),
                "alerts",
                "delete team user",
            ),
            _right(
                "tokens",
                _("Make and delete API tokens"),
                "knox",
                *(f"{verb} authtoken" for verb in ("view", *_ALL)),
            ),
            _right(
                "roles", _("Make and change roles"), "auth", *(f"{verb} group" for verb in ("view", *_ALL))
            ),
        ],
    ),
]

# What the product's own roles permit, in a sentence.
OURS = {
    roles.VIEWER: _("Sees alerts, deliveries, integrations, repositories and people; changes nothing."),
    roles.RESPONDER: _("As a viewer, and answers alerts and opens them by hand."),
    roles.INTEGRATIONS_ADMIN: _(
        "As a responder, and sets up integrations, mapping rules, escalation policies, schedules and"
        " repositories."
    ),
    roles.ADMIN: _("As an integrations admin, and looks after people, teams and API tokens."),
}
