"""What is stored about repositories, their services, pushes and runs."""

from brokers.models.push import Push, SeenCommit
from brokers.models.repository import HostKind, Repository, RepositoryService
from brokers.models.run import BrokerRun, RunRequest

__all__ = ["BrokerRun", "HostKind", "Push", "Repository", "RepositoryService", "RunRequest", "SeenCommit"]
