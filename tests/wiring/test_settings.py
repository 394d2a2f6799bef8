"""Security follows from the base URL, and a missing setting is told in one line."""

import json
import os
import subprocess
import sys

import pytest

NAMES = ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS"]
NAMES += ["CSRF_TRUSTED_ORIGINS", "ALLOWED_HOSTS", "DEBUG", "SECURE_PROXY_SSL_HEADER"]


def _read(**environment):
    """Read the settings in a process of their own."""
    program = (
        "import json; from alertops import settings;"
        f"print(json.dumps({{name: getattr(settings, name) for name in {NAMES!r}}}))"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_https_makes_cookies_secure_and_hosts_narrow():
    run = _read(ALERTOPS_BASE_URL="https://alerts.example.com/", ALERTOPS_TRUSTED_PROXIES="1")

    assert json.loads(run.stdout) == {
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "CSRF_TRUSTED_ORIGINS": ["https://alerts.example.com"],
        "ALLOWED_HOSTS": ["alerts.example.com"],
        "DEBUG": False,
        "SECURE_PROXY_SSL_HEADER": ["HTTP_X_FORWARDED_PROTO", "https"],
    }


def test_plain_localhost_works_without_tls():
    values = json.loads(_read(ALERTOPS_BASE_URL="http://localhost:8000").stdout)

    assert not values["SECURE_SSL_REDIRECT"]
    assert values["SECURE_PROXY_SSL_HEADER"] is None
    assert values["ALLOWED_HOSTS"] == ["localhost", "localhost", "127.0.0.1", "[::1]"]


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"ALERTOPS_SECRET_KEY": ""}, "ALERTOPS_SECRET_KEY is not set"),
        ({"ALERTOPS_BASE_URL": "alerts.example.com"}, "give the address people use"),
    ],
    ids=["no secret key", "an address without a scheme"],
)
def test_what_is_wrong_is_told_by_the_name_of_the_variable(environment, told):
    run = _read(**environment)

    assert run.returncode != 0
    assert told in run.stderr.splitlines()[-1]


@pytest.mark.parametrize("workers", ["1", "2", "16"])
def test_it_starts_with_any_number_of_workers(workers):
    """A check that fails is a worker that never begins."""
    run = subprocess.run(
        [sys.executable, "manage.py", "check", "--fail-level", "ERROR"],
        env={**os.environ, "ALERTOPS_WORKERS": workers},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
