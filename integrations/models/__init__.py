"""What is stored about the ways in: integrations, their rules, every delivery and what became of it."""

from integrations.models.integration import (
    MATCH_CHOICES,
    OPERATOR_CHOICES,
    Filter,
    Integration,
    IntegrationLease,
    MappingRule,
)
from integrations.models.message import (
    PROBLEM,
    STATUS_CHOICES,
    WAITING,
    HourMark,
    InboundMessage,
    Outcome,
    Tally,
    UnmatchedDelivery,
)
from integrations.models.replay import Replay
from integrations.models.route import Route

__all__ = [
    "MATCH_CHOICES",
    "OPERATOR_CHOICES",
    "PROBLEM",
    "STATUS_CHOICES",
    "WAITING",
    "Filter",
    "HourMark",
    "InboundMessage",
    "Integration",
    "IntegrationLease",
    "MappingRule",
    "Outcome",
    "Replay",
    "Route",
    "Tally",
    "UnmatchedDelivery",
]
