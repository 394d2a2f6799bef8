"""django-q2's command, with what `runworker` needs to watch over it."""

import gc
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django_q.management.commands import qcluster

from alertops import cluster
from alertops.lib import processes
from alertops.lib.connections import tune_for_workers


class Command(qcluster.Command):
    """Run one cluster; `runworker` starts it with a folder for the cards, anybody else without."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--cards", type=Path, help="Folder of a supervisor.")
        parser.add_argument("--supervisor", type=int, help="Its process ID.")

    def handle(self, *args: Any, **options: Any) -> None:
        tune_for_workers()
        # What is there by now stays: no worker has to look through it for garbage again and again.
        gc.collect()
        gc.freeze()
        supervisor = options["supervisor"]
        if supervisor:
            cluster.join(options["cards"], supervisor)
        super().handle(*args, **options)
        if supervisor and not processes.KERNEL_ENDS_CHILDREN:
            processes.watch_parent(supervisor)
