"""What is done with deliveries. Doors write `from integrations import operations; operations.accept(...)`."""

from integrations.operations.accept import PROCESS, Delivery, accept, accept_all
from integrations.operations.config import InvalidRules, apply_rules, config_of, routes_of, rule_of
from integrations.operations.forecast import Preview, preview
from integrations.operations.hours import Hour, last_day, mark_hour
from integrations.operations.presets import NobodyToTell, Preset, UnknownPreset, create_integration, preset
from integrations.operations.process import begin_batch, finish_batch, process_batch, process_waiting
from integrations.operations.replay import (
    REPLAY,
    NothingToReplay,
    received_between,
    replayable,
    request_replay,
    run_replay,
)
from integrations.operations.rule_saving import (
    MOST_RULES,
    DraftRule,
    RulesChanged,
    problems_of,
    save_rules,
    version_of,
)
from integrations.operations.sample import post_sample
from integrations.operations.sentences import sentence
from integrations.operations.tallies import totals
from integrations.operations.tokens import AlreadyRotated, door, find, rotate, url_of
from integrations.operations.trial import Foreseen, Trial, try_rules
from integrations.operations.turned_away import MethodRefused, Refused, UnknownToken

__all__ = [
    "MOST_RULES",
    "PROCESS",
    "REPLAY",
    "AlreadyRotated",
    "Delivery",
    "DraftRule",
    "Foreseen",
    "Hour",
    "InvalidRules",
    "MethodRefused",
    "NobodyToTell",
    "NothingToReplay",
    "Preset",
    "Preview",
    "Refused",
    "RulesChanged",
    "Trial",
    "UnknownPreset",
    "UnknownToken",
    "accept",
    "accept_all",
    "apply_rules",
    "begin_batch",
    "config_of",
    "create_integration",
    "door",
    "find",
    "finish_batch",
    "last_day",
    "mark_hour",
    "post_sample",
    "preset",
    "preview",
    "problems_of",
    "process_batch",
    "process_waiting",
    "received_between",
    "replayable",
    "request_replay",
    "rotate",
    "routes_of",
    "rule_of",
    "run_replay",
    "save_rules",
    "sentence",
    "totals",
    "try_rules",
    "url_of",
    "version_of",
]
