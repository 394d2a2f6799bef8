"""What senders report, as lists of (build, state) in the order in which it happens."""

import random
from collections.abc import Callable, Iterator

from bench import builds

FAILED, GREEN = "FAILED", "SUCCESSFUL"
BUILDS = 50  # that are reported again and again

Said = tuple[str, str]


def green(name: str, count: int) -> Iterator[Said]:
    """Builds that are well, and were before."""
    return ((f"{name}-{number % BUILDS}", GREEN) for number in range(count))


def new(name: str, count: int) -> Iterator[Said]:
    """Each delivery is a new problem."""
    return ((f"{name}-{number}", FAILED) for number in range(count))


def joins(name: str, count: int) -> Iterator[Said]:
    """The same few problems again and again."""
    return ((f"{name}-{number % BUILDS}", FAILED) for number in range(count))


def pairs(name: str, count: int) -> Iterator[Said]:
    """Each problem is mended at once."""
    return ((f"{name}-{number // 2}", GREEN if number % 2 else FAILED) for number in range(count))


def mix(name: str, count: int) -> Iterator[Said]:
    """Of ten, seven are green, one is new, one joins a problem and one mends it."""
    dice = random.Random(name)
    failing: list[str] = []
    for number in range(count):
        throw = dice.randrange(10)
        if throw < 7:
            yield f"{name}-green-{number % BUILDS}", GREEN
        elif throw == 7 or not failing:
            failing.append(f"{name}-{number}")
            yield failing[-1], FAILED
        elif throw == 8:
            yield dice.choice(failing), FAILED
        else:
            yield failing.pop(dice.randrange(len(failing))), GREEN


def rough(name: str, count: int) -> Iterator[Said]:
    """The mix, and of a thousand deliveries five big ones, one too large and twenty that cannot be read."""
    odd = {100: builds.TOO_LARGE} | dict.fromkeys(range(0, 1000, 50), builds.UNREADABLE)
    odd |= dict.fromkeys(range(1, 1000, 200), builds.BIG)
    for number, (build, state) in enumerate(mix(name, count)):
        yield build, odd.get(number % 1000, state)


STORIES: dict[str, Callable[[str, int], Iterator[Said]]] = {
    "all green": green,
    "all new": new,
    "joins": joins,
    "open and close": pairs,
    "mix": mix,
}
