"""Links in mails: who follows one acts as the person the mail was for, without logging in.

A link is signed, and bound to a notification (so to an alert and a person), to one action, and to the
opening of the alert in which it was sent: it lives until the alert is closed.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.urls import reverse

from alerts.logic.lifecycle import Action, Status
from alerts.models import Alert, Notification, User

_SALT = "alerts.links"
ACTIONS = {"a": Action.ACKNOWLEDGE, "c": Action.CLOSE}
_LETTERS = {action: letter for letter, action in ACTIONS.items()}


class BadLink(Exception):
    """The address was not made here, or was cut on its way."""


class Life(StrEnum):
    """What has become of a link."""

    LIVE = "live"
    CLOSED = "closed"  # the alert is
    OLD = "old"  # the alert was closed, and is open again
    NOBODY = "nobody"  # whom it was for does not work here any more


@dataclass(frozen=True)
class Link:
    """A link that was followed."""

    notification: Notification
    action: Action
    opened_at: str

    @property
    def alert(self) -> Alert:
        return self.notification.alert

    @property
    def user(self) -> User | None:
        return self.notification.user

    @property
    def life(self) -> Life:
        if self.user is None or not self.user.is_active:
            return Life.NOBODY
        if self.alert.status == Status.CLOSED:
            return Life.CLOSED
        return Life.LIVE if self.opened_at == _opening(self.alert) else Life.OLD

    def to(self, action: Action) -> str:
        """Return the address of another action of the same notification."""
        return link(self.notification, action)


def link(notification: Notification, action: Action) -> str:
    """Return the address at which a notification's person does an action to its alert."""
    value = [notification.pk, _LETTERS[action], _opening(notification.alert)]
    return absolute("alerts:answer", signing.Signer(salt=_SALT, sep=".").sign_object(value))


def read(token: str) -> Link:
    """Return the link that was made with `link`. Raises BadLink."""
    try:
        pk, letter, opened_at = signing.Signer(salt=_SALT, sep=".").unsign_object(token)
        notification = Notification.objects.select_related("alert", "user").get(pk=pk)
    except (signing.BadSignature, Notification.DoesNotExist, ValueError, TypeError) as error:
        raise BadLink from error
    return Link(notification, ACTIONS[letter], opened_at)


def alert_url(alert: Alert) -> str:
    """Return the address of an alert's page, for who logs in."""
    return absolute("admin:alerts_alert_change", alert.pk)


def absolute(name: str, *arguments: Any) -> str:
    return settings.BASE_URL + reverse(name, args=arguments)


def is_web(url: str) -> bool:
    """Tell whether an address that a stranger sent may be shown as a link."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _opening(alert: Alert) -> str:
    return format(int(alert.opened_at.timestamp() * 1000), "x")
