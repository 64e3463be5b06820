"""The engine runs where neither torch nor Qt is installed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.repository import ROOT

# Stands for a machine without them: asking for one fails as it would there.
_BLOCK = """
import sys

BLOCKED = {"torch", "onnx", "anny", "PyQt6", "pyqtgraph", "typer", "rich", "app", "training", "export"}


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Absent())
"""

_IMPORT_ALL = """
import importlib, pkgutil, engine

names = [module.name for module in pkgutil.walk_packages(engine.__path__, "engine.")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""

_COLLECT = """
import pytest

raise SystemExit(pytest.main(["tests/engine", "--collect-only", "-q", "-p", "no:cacheprovider"]))
"""


_RUN = """
import pytest

BLOCKED.discard("onnx")  # the tiny actor of the tests is written with it; it needs neither
raise SystemExit(pytest.main(["tests/engine", "-q", "-p", "no:cacheprovider"]))
"""


def _run(script: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", _BLOCK + script], cwd=cwd, capture_output=True, text=True, timeout=900)


def test_every_module_of_the_engine_imports_without_torch_and_qt() -> None:
    done = _run(_IMPORT_ALL, ROOT)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10


def test_the_engines_tests_are_found_without_torch_and_qt() -> None:
    done = _run(_COLLECT, ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_engines_tests_pass_without_torch_and_qt() -> None:
    done = _run(_RUN, ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["torch", "PyQt6"])
def test_the_block_blocks(name: str) -> None:
    done = _run(f"import {name}", ROOT)
    assert done.returncode != 0
    assert f"No module named '{name}'" in done.stderr
