"""`manage.py demo`: people, a policy and an integration to try things out with."""

from typing import Any

from django.core.management.base import BaseCommand

from alertops import demo


class Command(BaseCommand):
    help = "Make the demo data that is missing, and say how to use it."

    def handle(self, *_args: Any, **_options: Any) -> None:
        demo.create()
        told = demo.describe()
        self.stdout.write(f"Log-in: {told.username} / {told.password or 'the password you have set'}")
        self.stdout.write(f"A failed build:\n{told.curl}")
