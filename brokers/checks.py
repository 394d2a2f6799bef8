"""What is misconfigured about repositories and their services, in the operator's words.

All of it stands in the database, so it is told by `manage.py check --database default` and on the page of
the system's health.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.core import checks
from django.db import DatabaseError
from django.db.models import TextField
from django.db.models.functions import Cast

from alertops.lib.sayings import saying
from alertops.lib.secrets import is_readable
from brokers.builtin import BUILTIN
from brokers.models import Repository, RepositoryService

MOST_ROWS = 1000  # of each of the two tables that are looked at
MOST_NAMED = 5
MAILING = ("email", "email_diff")

_UNREADABLE = saying("No key of ALERTOPS_ENCRYPTION_KEYS fits what is kept secret of %(names)s.")
_PUT_BACK = saying(
    "Put the key that it was stored with back, behind the new one; or enter the tokens and passwords again."
)
_GONE = saying("There is no broker any more for the services %(names)s: each of their runs fails.")
_DELETE = saying("Delete them, or go back to a version of alertops that has the broker.")
_NO_MAIL = saying("Pushes are mailed by %(names)s, but EMAIL_URL is not set: nobody gets these mails.")
_SET_MAIL = saying("Set EMAIL_URL, or switch these services off.")
_IN_CLEAR = saying("The access tokens of %(names)s are sent without TLS: they can be read on the way.")
_BY_HTTPS = saying("Let the web address of the repository begin with https, not http.")


class _Row(NamedTuple):
    """A service, or a repository with a token. kept: its secret, as it is stored."""

    name: str
    kept: str
    url: str = ""
    broker: str = ""
    is_enabled: bool = False


@checks.register(checks.Tags.database)
def check_services(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[checks.CheckMessage]:
    if not databases:
        return []
    try:
        repositories, services = list(_repositories()), list(_services())
    except DatabaseError:  # `migrate` checks too, and the first time there are no tables
        return []
    unreadable = [row for row in (*repositories, *services) if row.kept and not is_readable(row.kept)]
    gone = [row for row in services if row.is_enabled and row.broker not in BUILTIN]
    mailing = [row for row in services if row.is_enabled and row.broker in MAILING]
    in_clear = [row for row in repositories if row.url.lower().startswith("http://")]
    return [
        *_warning(unreadable, _UNREADABLE, _PUT_BACK, "brokers.W001"),
        *_warning(gone, _GONE, _DELETE, "brokers.W002"),
        *_warning([] if settings.EMAIL_URL else mailing, _NO_MAIL, _SET_MAIL, "brokers.W003"),
        *_warning(in_clear, _IN_CLEAR, _BY_HTTPS, "brokers.W004"),
    ]


def _repositories() -> Iterator[_Row]:
    rows = Repository.objects.exclude(access_token="").annotate(_kept=Cast("access_token", TextField()))
    return (_Row(*row) for row in rows.order_by("pk").values_list("full_name", "_kept", "url")[:MOST_ROWS])


def _services() -> Iterator[_Row]:
    rows = RepositoryService.objects.annotate(_kept=Cast("secrets", TextField())).order_by("pk")
    columns = ("title", "repository__full_name", "_kept", "broker", "is_enabled")
    for title, repository, kept, broker, is_enabled in rows.values_list(*columns)[:MOST_ROWS]:
        yield _Row(f"“{title}” ({repository})", kept, broker=broker, is_enabled=is_enabled)


def _warning(rows: list[_Row], text: str, mend: str, number: str) -> Iterator[checks.CheckMessage]:
    if rows:
        more = " …" if len(rows) > MOST_NAMED else ""
        names = ", ".join(row.name for row in rows[:MOST_NAMED]) + more
        yield checks.Warning(text % {"names": names}, hint=mend, id=number)
