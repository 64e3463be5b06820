"""What is installed, and what is not."""

import re
import tomllib

import pytest

from tests.house.repository import ROOT, modules

_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
_PIN = re.compile(r"^[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*$")


def _name(requirement: str) -> str:
    return re.split(r"[<>=!~\[; ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def _pins() -> dict[str, str]:
    lines = [line for line in (ROOT / ".ci/constraints.txt").read_text("utf-8").splitlines() if line and line[0] != "#"]
    assert all(_PIN.match(line) for line in lines), "names and versions only"
    return {_name(line): line.split("==")[1] for line in lines}


def test_the_live_application_does_not_install_torch() -> None:
    names = {_name(requirement) for requirement in _PROJECT["dependencies"]}
    assert not names & {"torch", "onnx", "anny", "torchvision"}


def test_opencv_comes_without_its_own_window_plugins() -> None:
    names = {_name(requirement) for requirement in _PROJECT["dependencies"]}
    assert "opencv-python-headless" in names
    assert "opencv-python" not in names


@pytest.mark.parametrize("extra", ["train", "tensorrt", "rtx", "cuda", "onnxruntime-gpu", "cluster", "dev"])
def test_the_extra_exists(extra: str) -> None:
    assert _PROJECT["optional-dependencies"][extra]


@pytest.mark.parametrize("extra", ["base", "train", "rtx", "cuda", "cluster", "dev"])
def test_what_is_developed_with_is_pinned(extra: str) -> None:
    wanted = _PROJECT["dependencies"] if extra == "base" else _PROJECT["optional-dependencies"][extra]
    assert {_name(requirement) for requirement in wanted} - _pins().keys() == set()


def test_every_extra_asks_for_the_same_cuda_bindings() -> None:
    extras = _PROJECT["optional-dependencies"]
    asking = [one for extra in ("tensorrt", "rtx", "cuda") for one in extras[extra] if _name(one) == "cuda-bindings"]
    assert asking == ["cuda-bindings>=13.0"] * 3


def test_torch_is_pinned_for_development() -> None:
    assert _pins()["torch"] == "2.13.0"


def test_the_command_line_is_installed() -> None:
    assert _PROJECT["scripts"] == {"livedouble": "app.cli.main:run"}
    assert any(path.as_posix() == "app/cli/main.py" for path in modules())
