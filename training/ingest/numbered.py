"""Files that are one a frame: found by a folder, a pattern, or any one of them; in order and without a hole."""

import re
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ShotError

_PLACEHOLDER = re.compile(r"%0?\d*d|#+|\$F\d*")
_NUMBERED = re.compile(r"(.*?)(\d+)$")


@dataclass(frozen=True, slots=True)
class NumberedFiles:
    """A sequence.

    Args:
        name: How people call it, such as `shot.####.exr`.
        paths: In order.
        first: Number of the first file.
    """

    name: str
    paths: tuple[Path, ...]
    first: int


def is_sequence(path: Path, suffixes: frozenset[str]) -> bool:
    """Whether a path given by a user means a sequence of such files."""
    return path.is_dir() or path.suffix.lower() in suffixes


def find_sequence(path: Path, suffixes: frozenset[str]) -> NumberedFiles:
    """The sequence that a user means by `path`.

    Args:
        path: A folder that holds it and nothing like it, a pattern (`shot.%04d.exr`, `shot.####.exr`), or one file.
        suffixes: In lower case.

    Raises:
        ShotError: There is none, there are several, or files are missing in between.
    """
    folder, stem, suffix = path.parent, None, path.suffix.lower()
    if path.is_dir():
        folder = path
    else:
        stem = _stem(path)
    groups = _groups(folder, suffixes if path.is_dir() else frozenset({suffix}), stem)
    if not groups:
        what = " or ".join(sorted(suffixes))
        raise ShotError(f"There are no numbered files ({what}) at {path}.", "Give their folder, or one of the files.")
    if len(groups) > 1:
        names = ", ".join(sorted(f"{name}####{end}" for name, end in groups))
        raise ShotError(f"{path} holds several sequences: {names}.", "Give one of them by its pattern.")
    ((name, end), numbered) = next(iter(groups.items()))
    numbers = sorted(numbered)
    title = f"{name}####{end}"
    missing = sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers))
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise ShotError(f"The sequence {folder / title} has a hole: {missing[0]}{more} is missing.", "Copy it again.")
    return NumberedFiles(title, tuple(numbered[number] for number in numbers), numbers[0])


def _stem(path: Path) -> str:
    placeholder = _PLACEHOLDER.search(path.stem)
    if placeholder:
        return path.stem[: placeholder.start()]
    if not path.exists():
        raise ShotError(f"There is no {path}.", "Check the path.")
    match = _NUMBERED.fullmatch(path.stem)
    if not match:
        raise ShotError(f"{path} is one file, not a sequence.", "Give a folder of numbered files, or their pattern.")
    return match[1]


def _groups(folder: Path, suffixes: frozenset[str], stem: str | None) -> dict[tuple[str, str], dict[int, Path]]:
    groups: dict[tuple[str, str], dict[int, Path]] = {}
    if not folder.is_dir():
        raise ShotError(f"There is no folder {folder}.", "Check the path.")
    for path in sorted(folder.iterdir()):
        match = _NUMBERED.fullmatch(path.stem)
        is_wanted = path.suffix.lower() in suffixes and match is not None and stem in (None, match[1])
        if is_wanted and match is not None and not path.name.startswith("."):
            group = groups.setdefault((match[1], path.suffix), {})
            if int(match[2]) in group:
                raise ShotError(
                    f"{folder} holds frame {int(match[2])} twice: {group[int(match[2])].name} and {path.name}.",
                    "Take one of them away.",
                )
            group[int(match[2])] = path
    return groups
