"""Pushes and runs of a long time, written by SQL alone.

Each push has two runs, of the two services of its repository; of a hundred runs one failed. All of it lies
within the last 80 days, nothing is due, and nothing is old enough to be deleted.
"""

from django.core.management.color import no_style
from django.db import connection, models

from bench import history
from brokers.models import BrokerRun, Push, Repository, RepositoryService, SeenCommit

REPOSITORIES = 50
SERVICES = 2  # of each
FIRST = 1_000_000  # the first id of what is written here: other rows may be there already

_REPOSITORY = f"{FIRST} + (n / {SERVICES}) % {REPOSITORIES}"
_TRANSCRIPT = (
    """'[{{"kind": "attempt", "number": 1}}, {{"kind": "mail", "at": 0.01, "to": ["team@example.com"],"""
    """ "subject": "acme/history: one commit", "answer": "250 2.0.0 OK"}}, {{"kind": "end","""
    """ "status": "done", "text": "Sent 1 mail."}}]'"""
)

# For each two runs: so many rows, and what is in them; like `history.HISTORY`.
HISTORY: list[tuple[type[models.Model], int, dict[str, str]]] = [
    (
        Push,
        1,
        {
            "id": f"n + {FIRST}",
            "repository_id": f"{FIRST} + n % {REPOSITORIES}",
            "received_at": "{at}",
            "pusher": "'anna'",
            "branches": """'["main"]'""",
            "summary": "'anna pushed 1 commit to main: Change ' || n",
            "commit_count": "1",
            "facts": """'{{"push": {{"host": "bitbucket.org", "full_name": "acme/history"}}, "seen": []}}'""",
        },
    ),
    (
        SeenCommit,
        1,
        {
            "id": f"n + {FIRST}",
            "repository_id": f"{FIRST} + n % {REPOSITORIES}",
            "node": "{node}",
        },
    ),
    (
        BrokerRun,
        2,
        {
            "id": f"n + {FIRST}",
            "service_id": f"{FIRST} + ((n / {SERVICES}) % {REPOSITORIES}) * {SERVICES} + n % {SERVICES}",
            "repository_id": _REPOSITORY,
            "push_id": f"n / {SERVICES} + {FIRST}",
            "status": "CASE WHEN n % 100 = 99 THEN 'failed' ELSE 'done' END",
            "sentence": "'Sent 1 mail.'",
            "created_at": "{at}",
            "started_at": "{at}",
            "ended_at": "{at}",
            "attempt_count": "1",
            "transcript": _TRANSCRIPT,
        },
    ),
]
# Once: so many rows.
PLACES: list[tuple[type[models.Model], int, dict[str, str]]] = [
    (
        Repository,
        REPOSITORIES,
        {
            "id": f"n + {FIRST}",
            "host": "'bitbucket.org'",
            "full_name": "'acme/history-' || n",
            "kind": "'bitbucket'",
            "created_at": "{at}",
        },
    ),
    (
        RepositoryService,
        REPOSITORIES * SERVICES,
        {
            "id": f"n + {FIRST}",
            "repository_id": f"n / {SERVICES} + {FIRST}",
            "broker": "'email'",
            "title": "'Email ' || n",
            "settings": """'{{"to": ["team@example.com"]}}'""",
            "created_at": "{at}",
        },
    ),
]


def write(runs: int) -> None:
    """Write so many runs, with their pushes, into a database that may have a few of its own."""
    dialect = history.DIALECTS[connection.vendor]
    tables = [*PLACES, *((model, rows * runs // 2, columns) for model, rows, columns in HISTORY)]
    history.execute(dialect.without_checks)
    try:
        for model, rows, columns in tables:
            words = {"at": history.spread(dialect, rows), "node": f"substr({dialect.digest}, 1, 40)"}
            history.insert(
                model, rows, {name: text.format(**words) for name, text in columns.items()}, dialect
            )
    finally:
        history.execute(dialect.with_checks)
    for statement in connection.ops.sequence_reset_sql(no_style(), [model for model, *_rest in tables]):
        history.execute(statement)


def analyze() -> None:
    """Have the database look at what it holds, as it does by itself in production."""
    history.analyze()
