"""The senders that are known, each a folder of data, and how an integration is made from one."""

import functools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.dateparse import parse_duration
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from alerts.models import EscalationPolicy, Team, User
from integrations.logic.signature import Scheme
from integrations.models import Integration
from integrations.operations import tokens
from integrations.operations.config import apply_rules

FOLDER = Path(__file__).resolve().parents[1] / "presets"
CUSTOM = "custom"


class UnknownPreset(LookupError):
    """No folder has this name."""


class NobodyToTell(ValueError):
    """An integration needs an escalation policy or a recipient; the text says so to a person."""


@dataclass(frozen=True)
class Mark:
    """The sign of a preset: one to three letters, on a ground of a hue in degrees."""

    letters: str
    hue: int


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A sender that is known.

    purpose: the heading that it stands under.  words: by which it is found besides.  mark: its sign.
    rules: as JSON, in order.  setup_text: Markdown, with {url} for the address.
    """

    slug: str
    name: str
    description: str
    purpose: str
    words: str
    mark: Mark
    signature_scheme: Scheme
    reopen_window: timedelta
    auto_close_after: timedelta | None
    sample_body: str
    sample_headers: dict[str, str]
    rules: tuple[dict[str, Any], ...]
    setup_text: str

    def setup_for(self, url: str) -> str:
        """Return the steps at the sender, with the integration's address in them."""
        return self.setup_text.replace("{url}", url)

    def is_found_by(self, query: str) -> bool:
        """Tell whether each word of a search begins a word of its name, or of what it is for."""
        known = f"{self.name} {self.purpose} {self.words} {self.description}".casefold()
        words = [word.strip(".,:;()") for word in known.split()]
        return all(any(word.startswith(part) for word in words) for part in query.casefold().split())


def presets() -> tuple[Preset, ...]:
    """Return all presets, in the reader's language: Custom first, the others by name."""
    return _presets(get_language() or "")


@functools.cache
def _presets(language: str) -> tuple[Preset, ...]:
    found = [_load(path.parent, language) for path in FOLDER.glob("*/preset.json")]
    return tuple(sorted(found, key=lambda preset: (preset.slug != CUSTOM, preset.name.casefold())))


def preset(slug: str) -> Preset:
    """Return one preset. Raises UnknownPreset."""
    for found in presets():
        if found.slug == slug:
            return found
    raise UnknownPreset(slug)


def create_integration(
    slug: str,
    *,
    name: str,
    policy: EscalationPolicy | None = None,
    users: Iterable[User] = (),
    teams: Iterable[Team] = (),
) -> Integration:
    """Make an integration with its token, the preset's settings, sample and rules.

    Raises UnknownPreset and NobodyToTell.
    """
    chosen, users, teams = preset(slug), list(users), list(teams)
    if policy is None and not users and not teams:
        raise NobodyToTell(_("Choose an escalation policy or somebody to tell."))
    integration = Integration(
        name=name,
        preset=chosen.slug,
        escalation_policy=policy,
        signature_scheme=chosen.signature_scheme.value,
        reopen_window=chosen.reopen_window,
        auto_close_after=chosen.auto_close_after,
        sample_body=chosen.sample_body,
        sample_headers=chosen.sample_headers,
    )
    tokens.create(integration)
    with transaction.atomic():
        integration.save(force_insert=True)
        integration.recipient_users.set(users)
        integration.recipient_teams.set(teams)
        apply_rules(integration, chosen.rules)
    return integration


def _load(folder: Path, language: str) -> Preset:
    """Read a preset. What is said in a language, where that is so, stands in files of its own."""
    data = json.loads((folder / "preset.json").read_text("utf-8"))
    setup, told = folder / "setup.md", folder / f"preset.{language}.json"
    if told.exists():
        texts = json.loads(told.read_text("utf-8"))
        words = " ".join((data["words"], data["purpose"], texts["words"]))
        data, setup = {**data, **texts, "words": words}, folder / f"setup.{language}.md"
    cases = json.loads((folder / "cases.json").read_text("utf-8"))
    sample = next(case for case in cases if case["name"] == data["sample"])
    return Preset(
        slug=folder.name,
        name=data["name"],
        description=data["description"],
        purpose=data["purpose"],
        words=data["words"],
        mark=Mark(**data["mark"]),
        signature_scheme=Scheme(data["signature_scheme"]),
        reopen_window=_duration(data["reopen_window"]) or timedelta(0),
        auto_close_after=_duration(data["auto_close_after"]),
        sample_body=(folder / "payloads" / sample["file"]).read_text("utf-8"),
        sample_headers=sample["headers"],
        rules=tuple(data["rules"]),
        setup_text=setup.read_text("utf-8"),
    )


def _duration(text: str | None) -> timedelta | None:
    """Read an ISO 8601 duration, like PT30M or P7D; null is none."""
    return parse_duration(text) if text else None
