"""`make test`: style, types, and every test, on SQLite and on PostgreSQL.

What the machine does not have (PostgreSQL, Redis, Chromium) is skipped and said so in one line; with
CI=true it fails instead. Exit code 1 when anything failed.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
IS_CI = os.environ.get("CI") == "true"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# One more than CI has cores: the tests of real processes, which come first, mostly wait.
PYTEST = (sys.executable, "-m", "pytest", "-q", "-n", "3", "--dist", "loadscope")
PYTEST += ("--no-loadscope-reorder", "--durations", "25")
# Real processes, servers and clocks share two cores here: a test may fail once for want of them. It then
# has a second try, and is listed as RERUN at the end, so that nobody takes it for sound.
PYTEST += ("--reruns", "1")

# What says the same on every database is not asked twice.
WITHOUT_DATABASE = (
    *("tests/house_rules", "tests/fuzz", "tests/bench", "tests/pictures"),
    *("tests/alerts/logic", "tests/integrations/logic", "tests/brokers/logic", "tests/brokers/builtin"),
    *("tests/lib/test_http.py", "tests/lib/test_http_tricks.py", "tests/lib/test_smtp.py"),
    *("tests/admin/test_every_text.py", "tests/admin/test_permissions.py", "tests/admin/test_pictures.py"),
)


@dataclass(frozen=True)
class Part:
    """One command of the whole."""

    name: str
    command: tuple[object, ...]
    environment: dict[str, str]


@dataclass(frozen=True)
class Result:
    part: Part
    code: int
    last_line: str
    seconds: float


def main() -> int:
    missing = [name for name, is_there in NEEDS.items() if not is_there()]
    for name in missing:
        print(f"{name} is missing here: {'CI needs it' if IS_CI else 'its tests are skipped'}.", flush=True)
    results = [_run(part) for part in _parts(missing)]
    print("\n".join(["", *map(_line, results)]))
    failed = [result for result in results if result.code]
    return 1 if failed or (missing and IS_CI) else 0


def _parts(missing: list[str]) -> list[Part]:
    parts = [
        Part("ruff check", (BIN / "ruff", "check", "."), {}),
        Part("ruff format", (BIN / "ruff", "format", "--check", "."), {}),
        # Its Django plugin reads the settings, and these want a key.
        Part("mypy", (BIN / "mypy",), {"ALERTOPS_SECRET_KEY": "only to read the settings"}),
        Part("tests on SQLite", PYTEST, {"DATABASE_URL": ""}),
    ]
    if "PostgreSQL" not in missing:
        # Tests that start processes bring both databases with them.
        select = ("-m", "not processes and not browser", *(f"--ignore={path}" for path in WITHOUT_DATABASE))
        parts.append(Part("tests on PostgreSQL", (*PYTEST, *select), {"DATABASE_URL": _postgresql()}))
    return parts


def _run(part: Part) -> Result:
    """Run one part, letting it talk, and remember its last line."""
    print(f"\n--- {part.name}", flush=True)
    began, last = time.monotonic(), ""
    with subprocess.Popen(
        [str(word) for word in part.command],
        cwd=ROOT,
        env={**os.environ, **part.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    return Result(part, process.returncode, last, time.monotonic() - began)


def _line(result: Result) -> str:
    verdict = "FAILED" if result.code else "passed"
    return f"{verdict}  {result.part.name:20} {result.seconds:4.0f} s  {result.last_line}"


def _postgresql() -> str:
    url = os.environ.get("DATABASE_URL", "")
    return url if url.startswith("postgres") else "postgres:///alertops"


def _has_postgresql() -> bool:
    try:
        psycopg.connect(f"{_postgresql().rsplit('/', 1)[0]}/postgres", connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def _has_redis() -> bool:
    return shutil.which("redis-server") is not None


def _has_chromium() -> bool:
    """Look for Chromium; where we may, install it."""
    if not any(map(shutil.which, CHROMIUM)) and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium ...", flush=True)
        for command in (("apt-get", "update"), ("apt-get", "install", "--yes", "chromium")):
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return any(map(shutil.which, CHROMIUM))


NEEDS: dict[str, Callable[[], bool]] = {
    "PostgreSQL": _has_postgresql,
    "Redis": _has_redis,
    "Chromium": _has_chromium,
}

if __name__ == "__main__":
    sys.exit(main())
