"""What is done with deliveries. Doors write `from integrations import operations; operations.accept(...)`."""

from integrations.operations.accept import PROCESS, Delivery, accept, accept_all
from integrations.operations.config import InvalidRules, apply_rules, config_of, rule_of
from integrations.operations.forecast import Preview, preview
from integrations.operations.presets import NobodyToTell, Preset, UnknownPreset, create_integration, preset
from integrations.operations.process import process_batch, process_waiting
from integrations.operations.replay import (
    REPLAY,
    NothingToReplay,
    received_between,
    replayable,
    request_replay,
    run_replay,
)
from integrations.operations.sample import post_sample
from integrations.operations.sentences import sentence
from integrations.operations.tallies import totals
from integrations.operations.tokens import AlreadyRotated, door, find, rotate, url_of
from integrations.operations.turned_away import MethodRefused, Refused, UnknownToken

__all__ = [
    "PROCESS",
    "REPLAY",
    "AlreadyRotated",
    "Delivery",
    "InvalidRules",
    "MethodRefused",
    "NobodyToTell",
    "NothingToReplay",
    "Preset",
    "Preview",
    "Refused",
    "UnknownPreset",
    "UnknownToken",
    "accept",
    "accept_all",
    "apply_rules",
    "config_of",
    "create_integration",
    "door",
    "find",
    "post_sample",
    "preset",
    "preview",
    "process_batch",
    "process_waiting",
    "received_between",
    "replayable",
    "request_replay",
    "rotate",
    "rule_of",
    "run_replay",
    "sentence",
    "totals",
    "url_of",
]
