"""One-click answers: the page behind a link in a mail.

The link is the credential: no log-in, no session. Whoever only looks (also a mail program that fetches
links in advance) changes nothing; the button does.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from alertops.lib.languages import speaking
from alerts import operations
from alerts.logic.lifecycle import Act, Action, Actor, InvalidTransition, Status
from alerts.logic.notification import Kind, Letter
from alerts.models import User
from alerts.operations import letters, links
from alerts.operations.links import BadLink, Life, Link

MOST_TEXT = 2000
_HTTP_STATUS = {Life.LIVE: 200, Life.CLOSED: 200, Life.OLD: 410, Life.NOBODY: 403}


@dataclass(frozen=True)
class Page:
    """What the page shows.

    badge, look: the word on a color, and which.  button: empty where nothing can be done here.
    done: an action was just done.
    """

    sentence: str
    person: str = ""
    letter: Letter | None = None
    badge: str = ""
    look: str = ""
    button: str = ""
    close_url: str = ""
    asks_for_text: bool = False
    done: bool = False


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a link would do, on GET; do it, on POST."""
    now = timezone.now()  # noqa: TID251 (a door reads the clock)
    try:
        link = links.read(token)
    except BadLink:
        sentence = _(
            "This link does not work. Perhaps it was cut on its way: try the whole address, or log in."
        )
        return _render(request, Page(sentence), 404)
    user = link.user
    if link.life is Life.NOBODY or user is None:
        return _render(request, Page(_("This link is for somebody who cannot log in here any more.")), 403)
    with timezone.override(letters.zone_of(user)), speaking(user.language or get_language() or ""):
        if request.method == "POST" and link.life is Life.LIVE:
            page = _act(link, user, request.POST.get("text", "")[:MOST_TEXT], now)
        else:
            page = _look(link, user, now)
        return _render(request, page, _HTTP_STATUS[link.life])


def _act(link: Link, user: User, text: str, now: datetime) -> Page:
    """Do what the link is for, and show how things are then."""
    act = Act(action=link.action, actor=Actor(str(user), "mail", user.pk), text=text)
    try:
        acted = operations.act(link.alert.pk, act, now=now)
        sentence, done = acted.sentence, acted.changed
    except InvalidTransition as refusal:
        sentence, done = str(refusal), False
    link.alert.refresh_from_db()
    page = _look(link, user, now)
    if link.life is Life.LIVE:
        sentence = f"{sentence} {page.sentence}"
    return replace(page, sentence=sentence, button="", asks_for_text=False, done=done)


def _look(link: Link, user: User, now: datetime) -> Page:
    letter = letters.compose(link.notification, user, now=now, language=get_language() or "")
    page = Page(_state(link, user, now), letters.line(str(user)), letter, letter.tag, letter.severity)
    if link.life is Life.CLOSED:
        return replace(page, badge=_("CLOSED"), look="over")
    if link.life is Life.OLD:
        return page
    if link.action is Action.CLOSE:
        return replace(page, button=_("Close the alert"), asks_for_text=True)
    return replace(page, button=_button(link, user), close_url=link.to(Action.CLOSE))


def _state(link: Link, user: User, now: datetime) -> str:
    """Return how things are with the alert, in a sentence to the person."""
    alert = link.alert
    names = {
        "closed_by": alert.closed_by,
        "owner": alert.owner or _("Somebody"),
        "since": letters.time(alert.acknowledged_at, now),
        "opened": letters.time(alert.opened_at, now),
        "closed": letters.time(alert.closed_at, now),
    }
    if link.life is Life.CLOSED:
        return _("Already closed by %(closed_by)s at %(closed)s. There is nothing left to do.") % names
    if link.life is Life.OLD:
        return (
            _(
                "The alert was closed after this mail was sent, and is open again since %(opened)s."
                " Use the newest mail, or log in."
            )
            % names
        )
    if alert.status == Status.OPEN:
        return _("Open since %(opened)s, and nobody has taken it yet.") % names
    if _has(user, link):
        return _("You have it, since %(since)s.") % names
    return _("%(owner)s has it, since %(since)s.") % names


def _button(link: Link, user: User) -> str:
    if link.alert.status == Status.OPEN:
        return _("Acknowledge (I’ve got it)")
    if not _has(user, link):
        return _("Acknowledge too (I’ve got it as well)")
    return _("Acknowledge again (I’ve still got it)") if link.notification.kind == Kind.REMINDER else ""


def _has(user: User, link: Link) -> bool:
    return link.alert.acknowledgers.filter(pk=user.pk).exists()


def _render(request: HttpRequest, page: Page, status: int) -> HttpResponse:
    response = render(
        request, "alerts/answer.html", {"page": page, "home": links.absolute("admin:index")}, status=status
    )
    # The address is a credential: it goes nowhere else, and into no index.
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
