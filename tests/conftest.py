"""What all tests share."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.cache import cache

from alerts.channels import lines


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests of real processes: they mostly wait, and the others run meanwhile."""
    items.sort(key=lambda item: item.get_closest_marker("processes") is None)


@pytest.fixture(scope="session", autouse=True)
def _plain_static_files() -> None:
    """No test needs `collectstatic`."""
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _no_open_line() -> Iterator[None]:
    """The next test has another mail server."""
    yield
    lines.forget_all()
