"""What is done within an installation, called by `server.call`."""

from django.db import connection

from alerts.models import User
from bench.bare.models import Body
from integrations import operations
from integrations.logic.outcome import Status
from integrations.models import InboundMessage


def prepare() -> str:
    """Make the bare project's table, and an integration; return the integration's token."""
    with connection.schema_editor() as editor:
        editor.create_model(Body)
    user = User.objects.create_user("anna", "anna@example.com")
    return operations.create_integration("bitbucket", name="Bench", users=[user]).token


def stored() -> dict[str, int]:
    """Return how many rows there are of what was accepted; what was refused is on record too."""
    accepted = InboundMessage.objects.exclude(status=Status.REFUSED)
    return {"messages": accepted.count(), "bodies": Body.objects.count()}


def processed() -> int:
    """Return how many messages have been processed to their end."""
    return InboundMessage.objects.filter(processed_at__isnull=False).count()
