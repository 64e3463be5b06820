"""The repository as the house tests see it: tracked files, and our modules parsed."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("engine", "training", "export", "app")


def _is_made(part: str) -> bool:
    """Whether a file or folder of this name is something tools leave behind."""
    is_hidden = part.startswith(".") and part not in (".ci", ".gitignore")
    return is_hidden or part in ("__pycache__", "build", "dist", "runs", "data") or part.endswith(".egg-info")


@cache
def tracked_files() -> tuple[Path, ...]:
    """Files git knows, relative to the root; where there is no git (an unpacked archive), every visible one."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
        names = [name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        paths = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
        names = [str(path) for path in paths if not any(_is_made(part) for part in path.parts)]
    return tuple(Path(name) for name in names if (ROOT / name).is_file())


@cache
def text_files() -> dict[Path, str]:
    """The text of every tracked text file."""
    texts = {}
    for path in tracked_files():
        data = (ROOT / path).read_bytes()
        if b"\0" not in data:
            texts[path] = data.decode("utf-8")
    return texts


@cache
def modules() -> dict[Path, ast.Module]:
    """Our rooms' Python files, parsed."""
    return {
        path: ast.parse(text, str(path))
        for path, text in text_files().items()
        if path.suffix == ".py" and path.parts[0] in ROOMS
    }


def calls(tree: ast.AST) -> list[tuple[int, str]]:
    """Line and dotted name of every call."""
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [(node.lineno, ast.unparse(node.func)) for node in nodes]
