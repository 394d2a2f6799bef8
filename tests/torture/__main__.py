"""`make torture`: kill processes at random while deliveries arrive; exit 1 unless nothing was lost."""

import argparse
import os
import random
import sys
from pathlib import Path

import django

import tests.environment  # noqa: F401 (before the settings are read)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alertops.settings")
django.setup()

from tests.torture.ordeal import INSTALLATIONS, endure, report  # noqa: E402 (models exist from here on)

ROOT = Path(__file__).resolve().parents[2]
LATEST = 2.0


def main() -> int:
    options = _options()
    failures = 0
    for installation in options.on or INSTALLATIONS:
        print(f"--- {installation}, seed {options.seed}", flush=True)
        ordeal = endure(
            installation,
            kills=options.kills,
            seed=options.seed,
            latest=LATEST,
            say=lambda text: print(text, flush=True),
        )
        path = ordeal.save(options.report)
        failures += len(ordeal.verdict.failures)
        print(report(ordeal), f"Report: {path}", sep="\n", flush=True)
    return 1 if failures else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="on each installation")
    parser.add_argument("--on", nargs="*", choices=INSTALLATIONS)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--report", type=Path, default=ROOT / "var" / "torture")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
