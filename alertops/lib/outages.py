"""What is wrong with a database that did not do what it was asked, in the operator's words."""

from django.db import Error
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


def describe(error: Error) -> str:
    """Return one sentence without what the database itself says, which may hold what strangers sent."""
    sqlstate = getattr(error.__cause__, "sqlstate", None) or ""
    for (states, words), sentence in _SIGNS.items():
        if sqlstate.startswith(states) or any(word in str(error) for word in words):
            return str(sentence)
    return _("The database does not answer.")


# Beginnings of PostgreSQL's SQLSTATE (none: never), and words of SQLite.
_SIGNS = {
    (("53100",), ("disk is full", "disk I/O error")): gettext_lazy("The database's disk is full."),
    (("25006",), ("readonly database",)): gettext_lazy("The database can only be read."),
    (("53300",), ()): gettext_lazy("The database has no connection left."),
    (("55P03", "57014", "40"), ("is locked",)): gettext_lazy("The database is held up by somebody else."),
    (("42",), ("no such table", "no such column", "has no column")): gettext_lazy(
        "The database is older than the program: run `manage.py migrate`."
    ),
}
