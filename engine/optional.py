"""Libraries that only some machines need: what is missing becomes one clear line."""

import importlib
from types import ModuleType

from engine.errors import LiveDoubleError


def optional(module: str, package: str, purpose: str) -> ModuleType:
    """Import a library of the `formats` extra.

    Args:
        module: To import.
        package: Its name where packages are found.
        purpose: What needs it, for example "Alembic (.abc)".

    Raises:
        LiveDoubleError: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise LiveDoubleError(
            f"{purpose} needs {package}, which is not installed.", "Run: pip install 'livedouble[formats]'."
        ) from error
