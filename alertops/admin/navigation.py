"""What stands in the menu, and for whom."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from brokers import operations as brokers


@dataclass(frozen=True)
class Item:
    """One line of the menu.

    page: name of a page of the admin.  query: narrows a list.
    permission: who uses it; "" is everybody, "superuser" superusers alone, "repositories" whoever manages the
    services of a repository, by a role or as its administrator.
    beside: a page with a line of its own, though its address is below this one's.
    """

    title: Any
    icon: str
    page: str
    permission: str = ""
    query: str = ""
    beside: str = ""

    def is_for(self, request: HttpRequest) -> bool:
        if self.permission in ("", "superuser"):
            return not self.permission or request.user.is_superuser
        if self.permission == "repositories":
            return manages_repositories(request)
        return request.user.has_perm(self.permission)

    @property
    def link(self) -> str:
        return reverse(f"admin:{self.page}") + (f"?{self.query}" if self.query else "")

    def is_active(self, request: HttpRequest) -> bool:
        """Tell whether the reader is here: below the list, or on exactly this narrowing of it."""
        path = reverse(f"admin:{self.page}")
        if request.path != path:
            if request.path == reverse("admin:alerts_user_me"):
                return False  # one's own page is under one's name, below the menu
            if self.beside and request.path.startswith(reverse(f"admin:{self.beside}")):
                return False
            return path != reverse("admin:index") and request.path.startswith(path) and not self.query
        narrowing = QueryDict(self.query)
        return all(request.GET.get(name) == value for name, value in narrowing.items()) and (
            bool(self.query) or not any(name in request.GET for name in ("status", "whose"))
        )


def manages_repositories(request: HttpRequest) -> bool:
    """Tell whether a person manages services of a repository; asked once for each page."""
    known = getattr(request, "_manages_repositories", None)
    if known is None:
        known = brokers.manages_any(request.user)
        request._manages_repositories = known  # type: ignore[attr-defined]
    return bool(known)


ALERTS = "alerts_alert_changelist"
SHELF = "brokers_repositoryservice_shelf"

MENU: list[tuple[Any, list[Item]]] = [
    ("", [Item(_("Overview"), "space_dashboard", "index")]),
    (
        _("Alerts"),
        [
            Item(_("Not closed"), "notifications_active", ALERTS, "alerts.view_alert", "status=not_closed"),
            Item(_("Mine"), "person", ALERTS, "alerts.view_alert", "whose=mine"),
            Item(_("All"), "list", ALERTS, "alerts.view_alert"),
        ],
    ),
    (
        _("Inbound log"),
        [
            Item(
                _("Deliveries"),
                "inbox",
                "integrations_inboundmessage_changelist",
                "integrations.view_inboundmessage",
            ),
            Item(
                _("Unmatched deliveries"),
                "help_center",
                "integrations_unmatcheddelivery_changelist",
                "integrations.change_integration",
            ),
        ],
    ),
    (
        _("On call"),
        [
            Item(_("Schedules"), "calendar_month", "alerts_schedule_changelist", "alerts.view_schedule"),
            Item(_("Out of office"), "beach_access", "alerts_outofoffice_changelist", "alerts.view_schedule"),
        ],
    ),
    (
        _("Integrations"),
        [
            Item(
                _("Inbound integrations"),
                "input",
                "integrations_integration_changelist",
                "integrations.change_integration",
            )
        ],
    ),
    (
        _("Escalation"),
        [
            Item(
                _("Policies"),
                "stairs",
                "alerts_escalationpolicy_changelist",
                "alerts.change_escalationpolicy",
            ),
            Item(
                _("Support hours"),
                "work_history",
                "alerts_supporthours_changelist",
                "alerts.change_supporthours",
            ),
            Item(_("Teams (groups)"), "groups", "alerts_team_changelist", "alerts.change_escalationpolicy"),
        ],
    ),
    (
        _("Repositories"),
        [
            Item(_("Repositories"), "source", "brokers_repository_changelist", "repositories"),
            Item(
                _("Services"),
                "extension",
                "brokers_repositoryservice_changelist",
                "repositories",
                beside=SHELF,
            ),
            Item(_("Runs"), "play_circle", "brokers_brokerrun_changelist", "repositories"),
            Item(_("Pushes"), "commit", "brokers_push_changelist", "repositories"),
            Item(_("Brokers"), "handyman", SHELF, "repositories"),
        ],
    ),
    (
        _("Notifications"),
        [
            Item(
                _("Notification log"),
                "outgoing_mail",
                "alerts_notification_changelist",
                "alerts.view_notification",
            )
        ],
    ),
    (
        _("People"),
        [
            Item(_("Users"), "badge", "alerts_user_changelist", "alerts.change_user"),
            Item(_("Roles"), "shield_person", "auth_group_changelist", "superuser"),
            Item(_("API tokens"), "key", "knox_authtoken_changelist", "knox.view_authtoken"),
        ],
    ),
    (
        _("System"),
        [
            Item(_("Health"), "monitor_heart", "health", "integrations.change_integration"),
            Item(_("Running escalations"), "rebase", "alerts_escalation_changelist", "superuser"),
            Item(_("Wrong passwords"), "lock_clock", "axes_accessattempt_changelist", "superuser"),
            Item(_("Failed tasks"), "error", "django_q_failure_changelist", "superuser"),
            Item(_("What runs by itself"), "schedule", "django_q_schedule_changelist", "superuser"),
        ],
    ),
]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the menu as Unfold draws it, with only what this person may use."""
    return [
        {"title": title, "items": items} for title, group in MENU if (items := list(_drawn(group, request)))
    ]


def _drawn(group: list[Item], request: HttpRequest) -> Iterator[dict[str, Any]]:
    for item in group:
        if item.is_for(request):
            yield {
                "title": item.title,
                "icon": item.icon,
                "link": item.link,
                "active": item.is_active(request),
                "has_permission": True,
            }
