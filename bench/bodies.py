"""What is posted: bodies of 2 KB, no two the same.

Each is a template; @ID@ in it becomes a number of 12 digits.
"""

import json
from typing import Any

SIZE = 2048
ID = "@ID@"
_WIDTH = 12


def bitbucket() -> list[str]:
    """Return build statuses of Bitbucket: one build in ten fails, as on a good day."""
    return [_padded(_build("FAILED" if number == 0 else "SUCCESSFUL")) for number in range(10)]


def alertmanager() -> list[str]:
    """Return new alerts for Alertmanager's API, which takes them in a list."""
    alert: dict[str, Any] = {
        "labels": {"alertname": "build", "repository": "acme/website", "instance": ID, "severity": "error"},
        "annotations": {"summary": f"Build {ID} failed"},
        "generatorURL": f"https://ci.example.com/builds/{ID}",
    }
    return [_padded([alert], within=alert["annotations"])]


def alerta() -> list[str]:
    """Return new alerts for Alerta's API."""
    alert: dict[str, Any] = {
        "environment": "Production",
        "event": "build",
        "resource": ID,
        "service": ["website"],
        "severity": "major",
        "value": "FAILED",
        "text": f"Build {ID} failed",
        "attributes": {},
    }
    return [_padded(alert, within=alert["attributes"])]


def size(template: str) -> int:
    """Return how many bytes a template's bodies have."""
    return len(template) + template.count(ID) * (_WIDTH - len(ID))


def filled(template: str, number: int) -> str:
    """Return one body."""
    return template.replace(ID, f"{number:0{_WIDTH}}")


def _build(state: str) -> dict[str, Any]:
    api = "https://api.bitbucket.org/2.0"
    commit = f"{api}/repositories/acme/website/commit/9fec847784abb10b2fa567ee{ID}"
    return {
        "actor": {
            "display_name": "Emma",
            "uuid": "{a54f16da-24e9-4d7f-a3a7-b1ba2cd98aa3}",
            "links": {"self": {"href": f"{api}/users/%7Ba54f16da-24e9-4d7f-a3a7-b1ba2cd98aa3%7D"}},
        },
        "repository": {
            "uuid": "{673a6070-3421-46c9-9d48-90745f7bfe8e}",
            "full_name": "acme/website",
            "name": "website",
            "scm": "git",
            "is_private": True,
            "links": {"html": {"href": "https://bitbucket.org/acme/website"}},
        },
        "commit_status": {
            "name": "Unit tests",
            "description": "Build ended",
            "state": state,
            "key": f"build-{ID}",
            "refname": "main",
            "url": f"https://ci.example.com/acme/website/builds/{ID}",
            "type": "build",
            "created_on": "2026-11-19T20:37:35.547563+00:00",
            "updated_on": "2026-11-19T20:37:35.547563+00:00",
            "links": {"commit": {"href": commit}, "self": {"href": f"{commit}/statuses/build/{ID}"}},
        },
    }


def _padded(body: Any, *, within: dict[str, Any] | None = None) -> str:
    """Return a body as JSON, filled to its size by a text that does not compress to nothing."""
    place = body if within is None else within
    place["output"] = ""
    missing = SIZE - size(json.dumps(body))
    place["output"] = " ".join(f"test_case_{number * 7919 % 9973:04} ok" for number in range(SIZE))[:missing]
    return json.dumps(body)
