"""The two installations that are photographed: one after a busy day, and one that nobody has used yet."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
from django.contrib.auth.tokens import default_token_generator
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from alertops import health, nodes
from alerts.logic.lifecycle import Action
from alerts.models import Alert, Notification, User
from alerts.operations import invitations, links
from integrations.models import MappingRule
from tests.mailserver import MailServer
from tests.pictures import addresses, day, people
from tests.pictures.scenes import EMPTY, FULL, SCENES, Scene
from tests.processes import Server

# Pages that an empty installation has, and what an address that shows nothing by itself answers.
PAGES_OF_EMPTY = ("_changelist", "health", "_me", "_add")
NO_PAGE = {302, 400, 403, 405}
PATIENCE = 30  # seconds
MOST_BUSY = 180  # seconds that a worker may take to begin, where others want the cores too


@dataclass
class Installation:
    """What is photographed.

    sessions: keys of sessions, by who is logged in.  names: what paths of scenes name, and letters.
    missing: pages that cannot be photographed, and what is to be added for that.
    """

    server: Server
    names: dict[str, Any]
    sessions: dict[str, str]
    missing: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.server.url

    def path_of(self, scene: Scene) -> str:
        return scene.path.format_map(self.names)

    def pages(self, world: str) -> list[Scene]:
        """Return a scene for each of the admin's addresses that shows a page."""
        found, self.missing = [], []
        for name, path in self.server.call(addresses.every_address, self.names).items():
            if not path:
                self.missing += [name] if world == FULL else []
            elif (world == FULL or name.endswith(PAGES_OF_EMPTY)) and self._shows_a_page(path):
                title = f"page {name.replace('_', ' ')}" + (" when empty" if world == EMPTY else "")
                found.append(Scene(title, path, world=world))
        return found

    def _shows_a_page(self, path: str) -> bool:
        """Tell whether an address answers with a whole page; a broken one does, and is complained of."""
        cookies = {"sessionid": self.sessions["admin"]}
        answer = requests.get(self.url + path, cookies=cookies, allow_redirects=False, timeout=PATIENCE)
        if answer.status_code in NO_PAGE:
            return False
        is_whole = "<html" in answer.text[:500]
        return is_whole and "attachment" not in answer.headers.get("Content-Disposition", "")


@contextmanager
def full(*, is_hostile: bool = True) -> Iterator[Installation]:
    """Acme after its day, with a server, a worker and a mail server."""
    with MailServer() as mails, Server(web_workers=0, EMAIL_URL=mails.url, ALERTOPS_WORKERS="2") as server:
        mails.refuses |= dict.fromkeys(people.NO_MAILBOXES, "550 5.1.1 There is no such mailbox here")
        server.manage("collectstatic", "--noinput", "--verbosity", "0")
        names = server.call(day.fill if is_hostile else day.fill_kindly)
        _start(server)
        who = {scene.who for scene in SCENES if scene.world == FULL} - {""}
        sessions = {name: server.call(addresses.session_of, name) for name in who}
        names |= server.call(further_names, names) | _letters(mails)
        names["failure"] = server.call(addresses.page_of_failure)
        yield Installation(server, names, sessions)
        mails.mails.clear()


@contextmanager
def empty() -> Iterator[Installation]:
    """What a newcomer finds who has only made a superuser."""
    with Server(web_workers=0, ALERTOPS_WORKERS="2") as server:
        server.manage("collectstatic", "--noinput", "--verbosity", "0")
        server.call(make_superuser)
        _start(server)
        yield Installation(server, {}, {"admin": server.call(addresses.session_of, "admin")})


def make_superuser() -> None:
    User.objects.create_superuser("admin", "admin@example.com", first_name="Alex", last_name="Admin")


def further_names(names: dict[str, int]) -> dict[str, Any]:
    """Return the links that are mailed, by name: each lets in whoever has it."""
    to = {
        name: Notification.objects.filter(alert=names[alert], user__isnull=False).earliest("pk")
        for name, alert in (("open", "critical"), ("closed", "night"))
    }
    anna = User.objects.get(username="anna")
    now = timezone.now()  # noqa: TID251 (the pictures are taken now)
    uid = urlsafe_base64_encode(force_bytes(anna.pk))
    return {
        "link acknowledge": links.link(to["open"], Action.ACKNOWLEDGE),
        "link close": links.link(to["open"], Action.CLOSE),
        "link closed": links.link(to["closed"], Action.ACKNOWLEDGE),
        "link password": f"/password-reset/{uid}/{default_token_generator.make_token(anna)}/",
        "link welcome": invitations.hand_over(User.objects.get(username="noor"), by=anna, now=now),
        "rule": MappingRule.objects.filter(integration=names["sender builds"], is_enabled=True).get().pk,
        "newest": Alert.objects.latest("pk").pk,
    }


def everybody_works() -> bool:
    """Tell whether all is well and each worker is there, as the overview says it."""
    now = timezone.now()  # noqa: TID251
    found = nodes.known(now)
    return (
        bool(found)
        and all(node.is_whole for node in found)
        and not any(one.reason for one in health.readings(now))
    )


def _start(server: Server) -> None:
    server.web_workers = 1
    server.start_web()
    server.start_command("runworker")
    server.wait_until(lambda: server.call(everybody_works), "the workers did not begin", seconds=MOST_BUSY)


def _letters(mails: MailServer) -> dict[str, str]:
    """Return the newest letter of each sort as a page."""
    wanted = {"mail page": "[CRITICAL]", "mail closed": "[CLOSED]", "mail invitation": "invites you"}
    found = {}
    for name, words in wanted.items():
        mail = next(mail for _to, mail in reversed(mails.mails) if words in mail["Subject"])
        body = mail.get_body(preferencelist=("html",))
        assert body is not None
        found[name] = body.get_content()
    return found
