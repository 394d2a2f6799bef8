"""What is done to alerts. Doors write `from alerts import operations; operations.act(...)`."""

from alerts.operations.act import Acted, act
from alerts.operations.ingest import Ingested, ingest, ingest_all

__all__ = ["Acted", "Ingested", "act", "ingest", "ingest_all"]
