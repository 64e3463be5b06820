"""`livedouble doctor`: true findings, and what to do."""

import json
import shutil
import sys
import tomllib
from dataclasses import replace
from fractions import Fraction
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from app.cli import console, doctor, doctor_extras, main
from engine.backends import BackendStatus, trt
from engine.bundle import ActorBundle
from engine.machine import GpuFacts, machine_facts
from engine.movies import MovieWriter
from engine.points import pack_points
from engine.shots import Role, Shot, ShotFacts
from tests.engine.fake_gpu import FakeDriver, FakeTensorrt
from tests.fakes import with_int8
from tests.house.repository import ROOT


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A shot of two frames of three vertices."""
    folder = tmp_path / "clip"
    folder.mkdir()
    with MovieWriter(folder / "front.mp4", 64, 64, Fraction(30), is_gray=True) as writer:
        for _ in range(2):
            writer.write(np.zeros((64, 64), np.uint8))
    pack_points(folder / "points.npz", np.zeros((2, 3, 3), np.float32))
    facts = ShotFacts("clip", Role.VALIDATION, 2, 3, (30, 1), "00:00:00:00", {"front": "front.mp4"}, "points.npz")
    Shot.write_facts(folder, facts)
    return folder


@pytest.fixture
def _whole(monkeypatch: pytest.MonkeyPatch, actor: Path, clip: Path) -> None:
    monkeypatch.setattr(console, "DEMO_ACTOR", actor)
    monkeypatch.setattr(doctor, "DEMO_CLIP", clip)


@pytest.mark.usefixtures("_whole")
def test_a_machine_that_can_run_the_demo_leaves_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["doctor", "--json", str(tmp_path / "machine.json")]) == 0
    values = json.loads((tmp_path / "machine.json").read_text("utf-8"))
    assert values["is_ready"] is True
    assert values["advice"] == []
    assert {backend["name"] for backend in values["backends"]} == {"onnxruntime", "openvino", "cuda", "tensorrt"}
    assert all(backend["is_usable"] or backend["reason"] for backend in values["backends"])
    assert values["versions"]["livedouble"]
    said = capsys.readouterr().out
    assert "livedouble demo" in said
    assert values["opengl"]["said"].split(",")[0] in said


@pytest.mark.usefixtures("_whole")
def test_int8_is_told_of_where_the_actor_has_it(monkeypatch: pytest.MonkeyPatch, actor: Path, tmp_path: Path) -> None:
    assert not any("int8" in backend.precisions for backend in doctor.diagnose().backends)
    folder = Path(shutil.copytree(actor, tmp_path / "actor"))
    with_int8(ActorBundle.open(folder), worst_mm=0.25)
    monkeypatch.setattr(console, "DEMO_ACTOR", folder)
    diagnosis = doctor.diagnose()
    offered = {backend.name: backend.precisions for backend in diagnosis.backends}
    assert offered["onnxruntime"] == ("float32", "int8")
    assert "in int8 up to 0.25 mm from float32" in diagnosis.actor.said


@pytest.mark.usefixtures("_whole")
def test_a_missing_actor_is_found_and_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "DEMO_ACTOR", tmp_path / "gone")
    assert main.main(["doctor"]) == 1
    assert "What to do" in capsys.readouterr().out


@pytest.mark.usefixtures("_whole")
def test_a_machine_without_a_backend_is_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = BackendStatus("onnxruntime", False, "", (), "it is not installed")
    monkeypatch.setattr(doctor, "backend_report", lambda _: [absent])
    diagnosis = doctor.diagnose()
    assert not diagnosis.is_ready
    assert diagnosis.advice == ("Install LiveDouble again: make install.",)


def test_a_display_that_does_not_answer_is_no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":4711")
    finding = doctor.diagnose().display
    assert not finding.is_working
    assert ":4711" in finding.said


def test_a_camera_that_is_none_is_told_with_its_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "device_paths", lambda: ["/dev/video4711"])
    (finding,) = doctor.diagnose().cameras
    assert (finding.name, finding.is_working) == ("/dev/video4711", False)
    assert "no camera" in finding.said


def test_what_stands_in_brackets_is_shown_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = BackendStatus("onnxruntime", False, "", (), "it said [bold] and stopped")
    monkeypatch.setattr(doctor, "backend_report", lambda _: [odd])
    main.main(["doctor"])
    assert "[bold]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ("libcuda.so.1", "libcuda.so.1"),
        ("tensorrt", "not installed: TensorRT"),
        ("cuda.bindings.driver", "not installed: cuda-bindings"),
        ("onnx", "not installed: onnx"),
        ("run-time compiler", "run-time compiler"),
    ],
)
def test_a_driver_or_library_of_a_gpu_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: str, named: str
) -> None:
    with_gpu = GpuFacts(("NVIDIA Pretend",), (1024,), "13.0", "")
    without = GpuFacts((), (), "", f"no NVIDIA driver is installed ({missing} is missing)")
    facts = without if missing == "libcuda.so.1" else with_gpu
    monkeypatch.setattr(trt, "probe_gpu", lambda: facts)
    monkeypatch.setattr(doctor, "machine_facts", lambda: replace(machine_facts(), gpu=facts))
    driver = FakeDriver()
    for name, module in (("tensorrt", FakeTensorrt(driver)), ("cuda.bindings.driver", driver)):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, "cuda.bindings.nvrtc", _NoCompiler("nvrtc"))
    if missing == "tensorrt":
        monkeypatch.setitem(sys.modules, "tensorrt_rtx", None)
        monkeypatch.setattr(trt, "_installed_version", lambda: "")
    if missing in ("tensorrt", "cuda.bindings.driver", "onnx"):
        monkeypatch.setitem(sys.modules, missing, None)
    diagnosis = doctor.diagnose()
    (told,) = [backend for backend in diagnosis.backends if backend.name == "tensorrt"]
    if missing == "run-time compiler":
        assert told.is_usable
        assert diagnosis.gpu_pictures is not None
        assert missing in diagnosis.gpu_pictures.said
    else:
        assert not told.is_usable
        assert named in told.reason
    main.main(["doctor"])
    assert named in " ".join(capsys.readouterr().out.split())


def _installed(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """Only these, beside LiveDouble with its own facts of what its extras need."""

    def version(package: str) -> str:
        if package not in packages:
            raise PackageNotFoundError(package)
        return "1.0"

    monkeypatch.setattr(doctor_extras, "version", version)


def test_every_extra_of_the_project_is_told_of() -> None:
    named = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert {extra.name for extra in doctor_extras.optional_extras()} == set(named)


def test_an_extra_of_which_a_package_is_missing_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    _installed(monkeypatch, "dlib-bin", "ray")
    missing = {extra.name: extra.missing for extra in doctor_extras.optional_extras()}
    assert missing["cluster"] == ()
    assert missing["stabilise"] == ("face-recognition-models",)
    assert "mediapipe" in missing["trackers"]


@pytest.mark.usefixtures("_whole")
def test_what_is_optional_and_absent_is_told_with_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _installed(monkeypatch, "ray")
    assert main.main(["doctor"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "Optional parts installed: cluster" in lines
    assert "stabilise pip install 'livedouble[stabilise]' # brings dlib-bin, face-recognition-models" in lines
    (gpu,) = [line for line in lines if line.startswith("onnxruntime-gpu ")]
    assert "pip uninstall --yes onnxruntime &&" in gpu  # beside the other build neither works


class _NoCompiler(ModuleType):
    """`cuda.bindings.nvrtc` where the library behind it is not installed."""

    def nvrtcGetSupportedArchs(self) -> None:
        raise RuntimeError("Failed to dlopen libnvrtc")
