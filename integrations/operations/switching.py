"""An integration is switched off and on, and taken away."""

from django.db.models import ProtectedError

from integrations.models import Integration


class StillOnRecord(Exception):
    """Deliveries or alerts belong to the integration; they are the record of what happened."""


def switch(integration: Integration, *, is_enabled: bool) -> bool:
    """Switch an integration on or off; tell whether it was not so before."""
    if integration.is_enabled == is_enabled:
        return False
    integration.is_enabled = is_enabled
    integration.save(update_fields=["is_enabled"])
    return True


def delete_integration(integration: Integration) -> None:
    """Delete an integration with its rules and its URL. Raises StillOnRecord."""
    # Asked before: to refuse it, Django would read all that belongs to it.
    if integration.messages.exists() or integration.alerts.exists():
        raise StillOnRecord
    try:
        integration.delete()
    except ProtectedError as error:  # something came between
        raise StillOnRecord from error
