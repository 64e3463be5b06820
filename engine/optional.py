"""Libraries that only some machines need: what is missing becomes one clear line."""

import importlib
import importlib.util
import sys
from types import ModuleType

from engine.errors import LiveDoubleError


def optional(module: str, package: str, purpose: str, extra: str = "formats") -> ModuleType:
    """Import a library of an extra.

    Args:
        module: To import.
        package: Its name where packages are found.
        purpose: What needs it, for example "Alembic (.abc)".
        extra: That brings it.

    Raises:
        LiveDoubleError: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise LiveDoubleError(
            f"{purpose} needs {package}, which is not installed.", f"Run: pip install 'livedouble[{extra}]'."
        ) from error


def is_installed(module: str) -> bool:
    """Whether it could be imported, by its name; only what it lies in is imported."""
    if module in sys.modules:
        return sys.modules[module] is not None
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # what it lies in
        return False
