"""The pages of repositories, their services, pushes and runs."""

from brokers.admin import pushes, repositories, runs, services

__all__ = ["pushes", "repositories", "runs", "services"]
