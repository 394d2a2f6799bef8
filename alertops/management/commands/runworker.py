"""`manage.py runworker`: what works on alerts, in one process that an init system looks after."""

import signal
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from alertops import supervisor
from alertops.lib import processes


class Command(BaseCommand):
    help = "Run the task queue's clusters and the ticker, and keep them running."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--parent", type=int, help="End when this process ends; `serve` uses it.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["parent"]:
            processes.die_with_parent(options["parent"], by=signal.SIGTERM)
            if not processes.KERNEL_ENDS_CHILDREN:
                processes.watch_parent(options["parent"])
        try:
            sys.exit(supervisor.Supervisor().run())
        except supervisor.AlreadyRunning as error:
            raise CommandError(str(error)) from None
