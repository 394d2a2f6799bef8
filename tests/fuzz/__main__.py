"""`make fuzz`: try made-up inputs in every process there is, and write a report; exit 1 on any find."""

import argparse
import json
import multiprocessing
import os
import random
import sys
import time
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings

from tests.fuzz.properties import PROPERTIES, Property, run

ROOT = Path(__file__).resolve().parents[2]
ROUND = 2_000  # inputs before the next seed: a longer search remembers more and finds no more
STEP = 50_000  # inputs after which it says how far it is
OPTIONS = settings(
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
    print_blob=False,
)


@dataclass(frozen=True)
class Result:
    """What came of one round. find: the failure with its smallest input, empty when all held."""

    name: str
    seed: int
    inputs: int
    seconds: float
    find: str


def main() -> int:
    options = _options()
    began = time.monotonic()
    results: list[Result] = []
    with multiprocessing.Pool(options.processes) as pool:
        for result in pool.imap_unordered(_round, _rounds(options)):
            results.append(result)
            tried = sum(result.inputs for result in results)
            if tried // STEP > (tried - result.inputs) // STEP:
                print(f"{tried:>9,}  tried", flush=True)
            if result.find:
                print(f"--- {result.name}, seed {result.seed}\n{result.find}", flush=True)
    return _report(results, time.monotonic() - began, options)


def _rounds(options: argparse.Namespace) -> list[tuple[str, int, int]]:
    """Name, seed and number of inputs of every round, in the shares of the properties."""
    asked = {name: tried.share for name, tried in PROPERTIES.items() if options.only in name}
    rounds = [
        (name, options.seed + number, min(ROUND, whole - number * ROUND))
        for name, share in asked.items()
        for whole in (options.inputs * share // sum(asked.values()),)
        for number in range(-(-whole // ROUND))
    ]
    random.Random(options.seed).shuffle(rounds)
    return rounds


def _round(asked: tuple[str, int, int]) -> Result:
    name, number, count = asked
    began, find = time.process_time(), ""
    tried = _Counted(PROPERTIES[name])
    try:
        run(tried.counting, count=count, options=OPTIONS, start=number)
    except BaseException as error:
        find = "".join(traceback.format_exception(error))[-4000:]
    return Result(name, number, tried.count, time.process_time() - began, find)


class _Counted:
    """A property that counts what was really tried."""

    def __init__(self, tried: Property) -> None:
        self.count = 0
        self._check = tried.check
        self.counting = Property(self.check, tried.share, tried.axes)

    def check(self, *case: object) -> None:
        self.count += 1
        self._check(*case)


def _report(results: list[Result], seconds: float, options: argparse.Namespace) -> int:
    finds = [asdict(result) for result in results if result.find]
    table = {}
    for name in sorted({result.name for result in results}):
        rounds = [result for result in results if result.name == name]
        inputs, busy = sum(one.inputs for one in rounds), sum(one.seconds for one in rounds)
        table[name] = {"inputs": inputs, "inputs_per_cpu_second": round(inputs / max(busy, 0.001))}
        print(f"{inputs:>9,}  {inputs / max(busy, 0.001):>6,.0f} a second  {name}")
    total = sum(result.inputs for result in results)
    print(
        f"{total:>9,}  in {seconds:,.0f} s by {options.processes} processes; {len(finds)} finds", flush=True
    )
    options.report.mkdir(parents=True, exist_ok=True)
    path = options.report / f"fuzz-{options.seed}.json"
    whole = {"seed": options.seed, "inputs": total, "seconds": round(seconds), "properties": table}
    path.write_text(json.dumps({**whole, "finds": finds}, indent=2))
    print(f"Report: {path}")
    return 1 if finds else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--only", default="", help="properties with this in their name")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--report", type=Path, default=ROOT / "var" / "fuzz")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
