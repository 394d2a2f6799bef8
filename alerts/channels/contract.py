"""What a channel is: a way in which a letter leaves, by one provider."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta

from alerts.logic.notification import Letter


class DeliveryError(Exception):
    """The provider did not take a letter; the text is its answer, for the notification log.

    permanent: no later attempt would fare better (no such mailbox). Whatever concerns the provider
    and not the letter (down, slow, wrong password) is not: somebody may mend it.
    """

    def __init__(self, answer: str, *, permanent: bool) -> None:
        super().__init__(answer)
        self.permanent = permanent


@dataclass(frozen=True)
class Receipt:
    """What the provider said when it took a letter, and its own id of it if it gave one."""

    answer: str = ""
    provider_id: str = ""


# Hands one letter over, or raises DeliveryError. May be called again after it raised.
Send = Callable[[Letter], Receipt]


@dataclass(frozen=True)
class Channel:
    """One provider.

    label: by what people are told, as they say it; a saying.
    timeout: how long one call of `send` may last in all, whatever the provider does.
    connect: gives the `send` of one connection, which is used for several letters and closed at the end.
    kept: how long a connection stays open after its last letter: for a provider with which setting one up
    takes longer than sending a letter. It may be dead when it is used again: `send` has to see to that.
    """

    provider: str
    label: str
    timeout: timedelta
    connect: Callable[[], AbstractContextManager[Send]]
    kept: timedelta = timedelta(0)
