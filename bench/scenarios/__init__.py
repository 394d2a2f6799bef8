"""What can be measured: one module each, found by its name."""

import importlib
import pkgutil
from types import ModuleType


def names() -> list[str]:
    """Return the names of all scenarios."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def load(name: str) -> ModuleType:
    """Return a scenario's module: it has NAME and `run(context)`."""
    return importlib.import_module(f"{__name__}.{name}")
