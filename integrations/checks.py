"""What is misconfigured about the door, in the operator's words."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core import checks

LEAST_BODY_BYTES, MOST_BODY_BYTES = 10_000, 50_000_000


@checks.register()
def check_door(**_kwargs: Any) -> list[checks.CheckMessage]:
    return [*_body_size()]


def _body_size() -> Iterator[checks.CheckMessage]:
    if LEAST_BODY_BYTES <= settings.MAX_BODY_BYTES <= MOST_BODY_BYTES:
        return
    yield checks.Error(
        f"ALERTOPS_MAX_BODY_BYTES is {settings.MAX_BODY_BYTES}: below {LEAST_BODY_BYTES} ordinary deliveries"
        f" are refused, above {MOST_BODY_BYTES} a few of them fill the memory.",
        hint="1000000 suits every source that is known.",
        id="integrations.E001",
    )
