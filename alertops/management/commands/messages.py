"""`manage.py messages`: gather all texts that people read, and compile their translations.

Needs GNU gettext. What it writes is committed, so nobody else does.
"""

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.core.management.commands import makemessages

from alertops.lib import catalogue

NO_TEXTS = [".venv/*", "var/*", "tests/*", "bench/*", "scripts/*", "docs/*", "static/*"]
# It would be another one each time, for whoever merges.
_DATE = re.compile(r'^"(?:POT-Creation|PO-Revision)-Date: .*\n', re.MULTILINE)


class Gather(makemessages.Command):
    """Django's, which knows our words for marking, too, and guesses nothing."""

    requires_system_checks: Any = []
    xgettext_options = [
        *makemessages.Command.xgettext_options,
        "--keyword=saying",
        "--keyword=sayings:1,2",
        "--keyword=_lazy",
        "--keyword=ngettext_noop:1,2",
        "--keyword=npgettext_noop:1c,2,3",
    ]
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]


class Command(BaseCommand):
    help = "Gather all texts that people read into locale/, and compile the translations."
    requires_system_checks: Any = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        folder = Path(settings.LOCALE_PATHS[0])
        languages = [code for code, _name in settings.LANGUAGES if code != "en"]
        call_command(
            Gather(),
            locale=languages,
            ignore_patterns=NO_TEXTS,
            add_location="file",
            no_wrap=True,
            no_obsolete=True,
            verbosity=0,
        )
        for language in languages:
            file = folder / language / "LC_MESSAGES" / "django.po"
            file.write_text(_DATE.sub("", file.read_text("utf-8")), "utf-8")
            call_command("compilemessages", locale=[language], verbosity=0)
            self.stdout.write(_report(file))


def _report(file: Path) -> str:
    """Say what has no translation yet, or one that is not sure."""
    entries = catalogue.read(file)
    wanting = [entry for entry in entries if entry.is_wanting or entry.is_uncertain]
    lines = [f"{', '.join(entry.places)}: {entry.text}" for entry in wanting]
    head = f"{file.parent.parent.name}: {len(entries)} texts, {len(wanting)} of them without a translation"
    return "\n  ".join([head, *lines])
