"""Libraries that only some machines need: what is missing becomes one clear line."""

import importlib
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
