"""What is wrong with a database that did not do what it was asked, in the operator's words: machines ask."""

from django.db import Error


def describe(error: Error) -> str:
    """Return one sentence without what the database itself says, which may hold what strangers sent."""
    sqlstate = getattr(error.__cause__, "sqlstate", None) or ""
    for (states, words), sentence in _SIGNS.items():
        if sqlstate.startswith(states) or any(word in str(error) for word in words):
            return sentence
    return _SILENT


_SILENT = "The database does not answer."
_OLDER = "The database is older than the program: run `manage.py migrate`."
# Beginnings of PostgreSQL's SQLSTATE (none: never), and words of SQLite.
_SIGNS = {
    (("53100",), ("disk is full", "disk I/O error")): "The database's disk is full.",
    (("25006",), ("readonly database",)): "The database can only be read.",
    (("53300",), ()): "The database has no connection left.",
    (("55P03", "57014", "40"), ("is locked",)): "The database is held up by somebody else.",
    (("42",), ("no such table", "no such column", "has no column")): _OLDER,
}
