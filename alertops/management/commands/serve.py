"""`manage.py serve`: web server and worker in one terminal; `make run` calls it."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core import checks
from django.core.management.base import BaseCommand

from alertops import embedded


class Command(BaseCommand):
    help = "Prepare the database, then run web server and worker until Ctrl-C."
    requires_system_checks: list[str] = []  # only what hinders is said; the rest is for `check`

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen at.")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *_args: Any, **options: Any) -> None:
        for found in checks.run_checks():
            if found.level >= checks.ERROR:
                sys.exit(f"{found.msg} {found.hint or ''}")
        try:
            embedded.Embedded(options["host"], options["port"], say=self._say).run()
        except embedded.CannotServe as error:
            sys.exit(str(error))

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
