"""Load by wrk: as many requests as a number of kept connections can carry, each posting another body."""

import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from bench import bodies
from bench.contract import Run

SCRIPT = Path(__file__).with_name("load.lua")
WARM_UP = 1.0
_JSON = {"Content-Type": "application/json"}
_BLOCK = 100_000_000  # numbers that one run may use up
_numbers = itertools.count(int(time.time()) % 9000 * _BLOCK, _BLOCK)


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where to post, what, and which answer says that it was accepted."""

    url: str
    bodies: list[str]
    status: int = 202


class WrongAnswers(Exception):
    """Most of the load was not accepted: there is nothing to measure."""


def press(target: Target, *, connections: int, seconds: float) -> Run:
    """Post for some seconds after a warm-up; the figure is what was accepted a second."""
    with tempfile.NamedTemporaryFile("w", suffix=".bodies") as file:
        file.write("\n".join(target.bodies) + "\n")
        file.flush()
        warm = _wrk(target, file.name, connections, WARM_UP)
        result = _wrk(target, file.name, connections, seconds)
    if result["other"] > result["accepted"]:
        raise WrongAnswers(f"{target.url}: {result}")
    return Run(
        figure=result["accepted"] / result["seconds"],
        p50=result["p50"],
        p99=result["p99"],
        details={**result, "accepted_with_warm_up": warm["accepted"] + result["accepted"]},
    )


def post_one(url: str, template: str) -> None:
    """Post one body. Raises WrongAnswers when it is not accepted."""
    answer = requests.post(url, data=bodies.filled(template, next(_numbers)), headers=_JSON, timeout=30)
    if not answer.ok:
        raise WrongAnswers(f"{url}: {answer.status_code} {answer.text}")


def is_there() -> bool:
    """Look for wrk; where we may, install it."""
    if not shutil.which("wrk") and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing wrk ...", flush=True)
        for command in (("apt-get", "update"), ("apt-get", "install", "--yes", "wrk")):
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return bool(shutil.which("wrk"))


def _wrk(target: Target, bodies: str, connections: int, seconds: float) -> dict[str, Any]:
    # One thread: it must leave the cores to what is measured. Whole seconds: wrk knows no others.
    options = ("-t", "1", "-c", connections, "-d", f"{max(1, round(seconds))}s", "--timeout", "30s")
    script = ("-s", SCRIPT, target.url, "--", bodies, target.status, next(_numbers))
    command = [str(word) for word in ("wrk", *options, *script)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise RuntimeError(f"{command}\n{done.stdout}{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result
