"""What is done with deliveries. Doors write `from integrations import operations; operations.accept(...)`."""

from integrations.operations.accept import PROCESS, Delivery, MethodRefused, Refused, UnknownToken, accept
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
from integrations.operations.tokens import AlreadyRotated, door, find, rotate, url_of

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
    "url_of",
]
