"""`make torture`: shifts in every time zone, then kills at random while deliveries arrive.

Exits with 1 unless every shift was right and nothing was lost.
"""

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
from tests.torture.zones import endure_zones  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
LATEST = 2.0


def main() -> int:
    options = _options()
    print(f"--- time zones, seed {options.seed}", flush=True)
    failures = len(endure_zones(number=options.seed, say=lambda text: print(text, flush=True)))
    for installation in INSTALLATIONS if options.on is None else options.on:
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
