"""The frame of the command line: help, version, errors, exit codes."""

import subprocess
import sys
import typing
from pathlib import Path

import pytest
import typer

from app.cli import main
from engine.errors import CameraError
from tests.cli.command_line import assert_one_clear_line, livedouble

_NAMES = [command.name for command in main.COMMANDS]


def test_the_commands_are_those_of_the_readme() -> None:
    readme = (Path(main.__file__).parents[2] / "README.md").read_text("utf-8")
    assert [name for name in _NAMES if f"`livedouble {name}" not in readme] == []


def test_help_lists_every_command() -> None:
    outcome = livedouble("--help")
    assert outcome.code == 0
    assert all(name in outcome.out for name in _NAMES)


def test_no_arguments_show_the_help() -> None:
    outcome = livedouble()
    assert outcome.code == 0
    assert "Usage" in outcome.out


def test_help_imports_neither_qt_nor_torch_nor_numpy() -> None:
    script = (
        "import sys; from app.cli.main import main; code = main(['--help']);"
        "loaded = {'numpy', 'torch', 'PyQt6', 'cv2', 'av', 'onnxruntime'} & sys.modules.keys();"
        "sys.exit(code or (str(loaded) if loaded else 0))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_version_is_told() -> None:
    outcome = livedouble("--version")
    assert (outcome.code, outcome.out.split()[0]) == (0, "livedouble")


@pytest.mark.parametrize("name", _NAMES)
def test_every_command_has_help_with_an_example(name: str) -> None:
    outcome = livedouble(name, "--help")
    assert outcome.code == 0, outcome.err
    usage, _, rest = outcome.out.partition("Usage: ")[2].partition("\n")
    assert usage.startswith(f"livedouble {name}")
    assert f"livedouble {name}" in rest, "no example"


@pytest.mark.parametrize("arguments", [["dance"], ["--loud"], ["solve"], ["bench", "--batch"]])
def test_a_usage_error_is_one_line_that_names_the_help(arguments: list[str]) -> None:
    assert_one_clear_line(livedouble(*arguments), "--help`")


def test_an_error_of_the_world_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise CameraError("There is no camera 7.", "Plug one in\nand try again.")

    assert _main_with(monkeypatch, fail) == 2
    assert capsys.readouterr().err == "livedouble: There is no camera 7. Plug one in and try again.\n"


def test_an_interrupted_command_exits_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    assert _main_with(monkeypatch, interrupt) == 130
    assert capsys.readouterr().err.strip() == "livedouble: interrupted."


def test_a_command_decides_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave() -> None:
        raise typer.Exit(1)

    assert _main_with(monkeypatch, leave) == 1


def test_a_command_that_needs_torch_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def need_torch() -> None:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    assert _main_with(monkeypatch, need_torch) == 2
    said = capsys.readouterr().err
    assert "torch" in said
    assert "make install-train" in said


def test_another_missing_module_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def need_nothing_known() -> None:
        raise ModuleNotFoundError("No module named 'abacus'", name="abacus")

    with pytest.raises(ModuleNotFoundError):
        _main_with(monkeypatch, need_nothing_known)


def test_a_bug_is_called_one_and_its_traceback_goes_to_a_file(tmp_path: Path) -> None:
    script = (
        "from app.cli import main\n"
        "def doctor() -> None: raise IndexError('nothing there')\n"
        "main.Command.load = lambda self: doctor\n"
        "main.run()"
    )
    command = [sys.executable, "-c", script, "doctor"]
    environment = {"TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 1
    (log,) = tmp_path.iterdir()
    assert done.stderr == (
        f"livedouble: this is a bug in LiveDouble (IndexError). The details are in {log}; please report them.\n"
    )
    assert "IndexError: nothing there" in log.read_text("utf-8")


def _main_with(monkeypatch: pytest.MonkeyPatch, function: typing.Callable[[], None]) -> int:
    monkeypatch.setattr(main.Command, "load", lambda _: function)
    return main.main(["doctor"])
