"""The pages of integrations, their rules, and every delivery."""

from integrations.admin import integration, log, rules, runs, unmatched

__all__ = ["integration", "log", "rules", "runs", "unmatched"]
