"""What `make` says about the machine before anything is installed."""

import importlib.util
from types import ModuleType

import pytest

from tests.house.repository import ROOT


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`.ci/system.py` on a machine that has everything, as a user without root's rights."""
    spec = importlib.util.spec_from_file_location("system_check", ROOT / ".ci/system.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "is_loadable", lambda _: True)
    monkeypatch.setattr(module.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(module.os, "geteuid", lambda: 1000)
    return module


def _lacking(monkeypatch: pytest.MonkeyPatch, system: ModuleType, *libraries: str) -> None:
    monkeypatch.setattr(system, "is_loadable", lambda library: library not in libraries)


def test_a_machine_that_has_everything_hears_nothing(system: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert system.main([]) == 0
    assert capsys.readouterr().out == ""


def test_a_user_is_given_the_one_line_to_run(
    system: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _lacking(monkeypatch, system, "libEGL.so.1", "libxcb-cursor.so.0")
    assert system.main([]) == 1
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if "sudo" in line]
    assert lines == [
        "sudo apt-get update && sudo apt-get install -y --no-install-recommends libegl1 libxcb-cursor0",
    ]


def test_a_missing_venv_is_part_of_that_line(
    system: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else object())
    assert system.main([]) == 1
    assert "python3-venv" in capsys.readouterr().out


def test_root_installs_what_is_missing(system: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    present = {library for library, _ in system.LIBRARIES} - {"libGL.so.1"}
    commands: list[list[str]] = []

    def call(command: list[str], env: dict[str, str], stdin: int) -> int:
        commands.append(command)
        present.add("libGL.so.1")
        assert env["DEBIAN_FRONTEND"] == "noninteractive"
        return 0

    monkeypatch.setattr(system, "is_loadable", lambda library: library in present)
    monkeypatch.setattr(system.os, "geteuid", lambda: 0)
    monkeypatch.setattr(system.subprocess, "call", call)
    assert system.main([]) == 0
    assert [command[2] for command in commands] == ["update", "install"]
    assert commands[1][-1] == "libgl1"


def test_an_install_that_did_not_help_fails(
    system: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _lacking(monkeypatch, system, "libGL.so.1")
    monkeypatch.setattr(system.os, "geteuid", lambda: 0)
    monkeypatch.setattr(system.subprocess, "call", lambda command, env, stdin: 0)
    assert system.main([]) == 1
    assert "libgl1" in capsys.readouterr().out


def test_an_old_python_is_refused_with_the_way_out(
    system: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system.sys, "version_info", (3, 10, 12, "final", 0))
    assert system.main([]) == 1
    said = capsys.readouterr().out
    assert "needs Python 3.11 or newer" in said
    assert "make demo PYTHON=" in said


def test_the_programs_of_the_tests_are_a_wish_only(
    system: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system.shutil, "which", lambda name: None)
    assert system.main([]) == 0
    assert capsys.readouterr().out == ""
    assert system.main(["--tests"]) == 0
    assert "xvfb" in capsys.readouterr().out
