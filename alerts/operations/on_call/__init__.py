"""Who is on call, and what is done to schedules."""

from alerts.operations.on_call.cover import Cover, on_call

__all__ = ["Cover", "on_call"]
