"""Build statuses as Bitbucket sends them: a recorded delivery of about 2 KB, with a key and a state."""

import functools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RECORDED = ROOT / "integrations/presets/bitbucket/payloads/pipeline-failed-on-main.json"
HEADERS = {
    "Content-Type": "application/json",
    "User-Agent": "Bitbucket-Webhooks/2.0",
    "X-Event-Key": "repo:commit_status_updated",
    "X-Hook-UUID": "6c1b9d1e-0000-4000-8000-00000000b00c",
    "X-Attempt-Number": "1",
}
BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
# What a sender may say of a build in place of a state, and the characters of padding of the two.
UNREADABLE, BIG, TOO_LARGE = "unreadable", "big", "too large"
PADDING = {BIG: 900_000, TOO_LARGE: 1_100_000}


def delivery(key: str, said: str, *, second: int) -> bytes:
    """Return the body of what is said of a build: its state, or one of the bodies that try the door."""
    if said == UNREADABLE:
        return b'{"commit_status": {"key": "' + key.encode()
    if said in PADDING:
        return body(key, "SUCCESSFUL", second=second, padding=PADDING[said])
    return body(key, said, second=second)


def body(key: str, state: str, *, second: int = 0, padding: int = 0) -> bytes:
    """Return the status of one build, at a second of its sender's own clock.

    padding: characters of a description that is far too long.
    """
    status = _recorded()["commit_status"] | {
        "key": key,
        "name": f"Build {key}",
        "state": state,
        "updated_on": (BEGIN + timedelta(seconds=second)).isoformat(),
    }
    if padding:
        status["description"] = "x" * padding
    return json.dumps({**_recorded(), "commit_status": status}, separators=(",", ":")).encode()


@functools.cache
def _recorded() -> dict[str, Any]:
    """The recorded delivery without what it says twice."""
    payload: dict[str, Any] = json.loads(RECORDED.read_text("utf-8"))
    del payload["commit_status"]["repository"]
    for name in ("workspace", "project", "owner"):
        del payload["repository"][name]
    return payload
