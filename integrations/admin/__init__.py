"""The pages of integrations, their rules, and every delivery."""

from integrations.admin import integration, log, replay, rules, unmatched

__all__ = ["integration", "log", "replay", "rules", "unmatched"]
