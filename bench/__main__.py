"""`make bench`: measure limits, alertops and its peers in one run; exit 1 when a target was missed."""

import argparse
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django

import tests.environment  # noqa: F401 (before the settings are read)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alertops.settings")
django.setup()

from bench import machine, report, scenarios  # noqa: E402 (models exist from here on)
from bench.contract import DATABASES, Context, Row, Verdict  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
ROUNDS, SECONDS = 3, 5.0
QUICK_ROUNDS, QUICK_SECONDS = 1, 2.0


def main() -> int:
    options = _options()
    context = _context(options)
    about: dict[str, Any] = {"date": datetime.now(UTC).isoformat(timespec="seconds"), **_how(context)}
    about |= machine.describe(Path(tempfile.gettempdir()))
    if about["load_before"][0] > about["cores"] / 2:
        print(f"The machine is busy (load {about['load_before'][0]}): believe no figure.", flush=True)
    rows: list[Row] = []
    for name in _chosen(options.scenarios):
        print(f"--- {name}", flush=True)
        rows += scenarios.load(name).run(context)
        path = report.save(rows, about, context.folder)
    print("", report.table(rows), f"Report: {path}", sep="\n", flush=True)
    return 1 if any(row.verdict is Verdict.MISSED for row in rows) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("scenarios", nargs="*", default="all", choices=[*scenarios.names(), "all"])
    parser.add_argument("--on", nargs="+", choices=DATABASES, default=DATABASES, help="these databases only")
    parser.add_argument("--quick", action="store_true", help="one short round, to see that it runs")
    parser.add_argument("--rounds", type=int, help=f"{ROUNDS} unless quick")
    parser.add_argument("--seconds", type=float, help=f"of load in each run; {SECONDS:.0f} unless quick")
    parser.add_argument("--report", type=Path, default=ROOT / "var" / "bench", help="folder of the report")
    return parser.parse_args()


def _context(options: argparse.Namespace) -> Context:
    return Context(
        folder=options.report,
        databases=tuple(filter(_is_there, options.on)),
        rounds=options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS),
        seconds=options.seconds or (QUICK_SECONDS if options.quick else SECONDS),
        is_quick=options.quick,
        say=lambda text: print(text, flush=True),
    )


def _is_there(database: str) -> bool:
    if database != "postgresql" or machine.postgresql():
        return True
    print("PostgreSQL is missing here, nothing is measured on it; DATABASE_URL names a server.", flush=True)
    return False


def _how(context: Context) -> dict[str, float]:
    return {"rounds": context.rounds, "seconds_of_load": context.seconds}


def _chosen(names: list[str] | str) -> list[str]:
    return scenarios.names() if "all" in names else list(names)


if __name__ == "__main__":
    sys.exit(main())
