"""How a notification leaves: one file a provider, all in one table. To add one: docs/escalation.md."""

from alerts.channels import email
from alerts.channels.contract import Channel, DeliveryError, Receipt, Send

__all__ = ["CHANNELS", "Channel", "DeliveryError", "Receipt", "Send"]

CHANNELS: dict[str, Channel] = {"email": email.CHANNEL}
