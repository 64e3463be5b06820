"""The entry point: finds the command, turns what goes wrong into one line and an exit code.

Exit codes: 0 done, 1 not possible here or a bug, 2 something the user can put right, 3 not all of it, 130 interrupted.
Rule: only the module of the command asked for is imported, so `livedouble --help` needs neither Qt nor torch.
"""

import importlib
import platform
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Annotated

import typer

from engine.errors import LiveDoubleError, TakenError
from engine.exit_codes import EXIT_INTERRUPTED, EXIT_TAKEN, EXIT_USER

_MAKING_ACTORS = frozenset({"torch", "onnx", "anny", "sparklines"})  # the live application does without


@dataclass(frozen=True, slots=True)
class Command:
    """A command: the function of its name in the module of its name."""

    name: str
    summary: str

    def load(self) -> Callable[..., None]:
        """Import the function; this may take a while."""
        function: Callable[..., None] = getattr(importlib.import_module(f"app.cli.{self.name}"), self.name)
        return function

    def announce(self) -> None:
        """Stands for the function in the list of commands."""


COMMANDS = (
    Command("demo", "Show the bundled actor: camera on the left, the solved mesh on the right."),
    Command("live", "Capture live from a camera or a movie, in a window."),
    Command("actors", "List the virtual actors, and picture them on a sheet."),
    Command("shoot", "Film the virtual actor: movies with the exact mesh of every frame."),
    Command("ingest", "Take a studio's own footage and point caches into a data set."),
    Command("sheet", "Draw a data set's contact sheet and list what looks wrong, before a night of training."),
    Command("likeness", "Ask face trackers whether they take the actor for a face (optional)."),
    Command("record", "Record yourself before a camera, guided, to make a double of."),
    Command("bootstrap", "Make a double of a real person from a clip of a webcam (optional)."),
    Command("track", "Let a face tracker look at clips of a real person (optional)."),
    Command("fit", "Put the mesh on what was tracked, and make a data set of it."),
    Command("judge", "Measure a double against the face tracker that taught it (optional)."),
    Command("train", "Train an actor's network on a data set."),
    Command("ablate", "Train a grid of small networks that tells what each part of the recipe is worth."),
    Command("evaluate", "Measure an actor against a data set's validation shots."),
    Command("export", "Turn a training run into an actor that runs anywhere."),
    Command("quantise", "Add an actor's network in 8 bits, where it solves as well."),
    Command("solve", "Solve every frame of a movie into a file."),
    Command("convert", "Write the meshes of a shot as Alembic, USD, PC2, MDD, OBJ or NumPy arrays."),
    Command("bench", "Measure frames per second and latency on this machine."),
    Command("doctor", "Say what this machine has, what works and what to do about the rest."),
)


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"livedouble {version('livedouble')}")
        raise typer.Exit


def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version and stop."),
    ] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.")] = False,
) -> None:
    """Live facial performance capture: one camera in, the actor's own mesh out.

    Example: livedouble demo
    """


def build(asked: str | None) -> typer.Typer:
    """The command line, with the module of the command `asked` for loaded and no other."""
    app = typer.Typer(add_completion=False, rich_markup_mode="markdown")
    app.callback()(_options)
    for command in COMMANDS:
        function = command.load() if command.name == asked else command.announce
        app.command(command.name, short_help=command.summary)(function)
    return app


def run() -> None:
    """Run the command line of this process and leave it."""
    sys.excepthook = _Bug(sys.argv[1:], "--debug" in sys.argv)
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit code.

    Anything that is not an error of the world is left to Python's last resort, which says that it is a bug.
    """
    is_debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"] or ["--help"]
    asked = next((argument for argument in arguments if not argument.startswith("-")), None)
    try:
        # Not by calling the app itself: that would put typer's own last resort in the place of ours.
        command = typer.main.get_command(build(asked))
        code = command.main(arguments, prog_name="livedouble", standalone_mode=False)
    except LiveDoubleError as error:
        if is_debug:
            traceback.print_exc()
        code = _complain(f"{error.reason} {error.recovery}")
        return EXIT_TAKEN if isinstance(error, TakenError) else code
    except typer.TyperException as error:
        name = f"livedouble {asked}" if asked in {command.name for command in COMMANDS} else "livedouble"
        return _complain(f"{error.format_message().rstrip('.')}. See `{name} --help`.")
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _MAKING_ACTORS:
            raise
        return _complain(
            f"`livedouble {asked}` needs {package}, which is not installed. Install what making actors needs:"
            " make install-train."
        )
    except (KeyboardInterrupt, typer.Abort):
        code = EXIT_INTERRUPTED
    if code == EXIT_INTERRUPTED:
        _complain("interrupted.")
    return code if isinstance(code, int) else 0


def _complain(sentence: str) -> int:
    # One line whatever a library put into its message.
    print("livedouble: " + " ".join(sentence.split()), file=sys.stderr)
    return EXIT_USER


@dataclass(frozen=True, slots=True)
class _Bug:
    """Python's last resort (`sys.excepthook`): one line for the user, the traceback into a file."""

    arguments: list[str]
    is_debug: bool

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        story = "".join(traceback.format_exception(kind, error, trace))
        if self.is_debug:
            sys.stderr.write(story)
        facts = f"livedouble {version('livedouble')}, Python {platform.python_version()}, {platform.platform()}"
        path = Path(tempfile.gettempdir()) / f"livedouble-bug-{datetime.now():%Y%m%d-%H%M%S}.log"
        try:
            path.write_text(f"{facts}\nlivedouble {' '.join(self.arguments)}\n\n{story}", "utf-8")
            where = f"The details are in {path}; please report them."
        except OSError:
            where = "Run it again with --debug to see the details, and please report them."
        print(f"livedouble: this is a bug in LiveDouble ({kind.__name__}). {where}", file=sys.stderr)
