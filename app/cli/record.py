"""`livedouble record`: a guided recording of oneself, to make a double of."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.console import check_can_write, err
from app.cli.showing import MOVIE_SUFFIXES
from engine.errors import StorageError


def record(
    movie: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="The movie; by default me.mkv.")] = None,
    camera: Annotated[
        str, typer.Option(metavar="SPEC", help="`0` or a device path; `movie:PATH` or `pattern:` to try it.")
    ] = "0",
    mediapipe_model: Annotated[Path | None, typer.Option(metavar="FILE", help="Your own face_landmarker.task.")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="No display needed; records at once.")] = False,
    screenshot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a picture of the window after some seconds, then close.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.5, help="Record at once, and end after so many seconds.")
    ] = None,
) -> None:
    """Record yourself, guided: what to do, how much of it has been seen, and what is wrong with light or framing.

    Four minutes: a range of motion, expressions, sentences to read, free speech. `livedouble bootstrap` makes a double
    of it. The meters need what `make install-trackers` brings, the recording does not.

    Example: livedouble record --camera 0 --out me.mkv
    """
    from app.recorder_window import default_path

    path = movie or default_path(Path())
    check_can_write(path)
    if path.exists():
        raise StorageError(f"{path} exists already.", "Give another name with --out, or remove it first.")
    if path.suffix.lower() not in MOVIE_SUFFIXES:
        raise StorageError(f"{path} cannot be written.", f"Give a name ending in {' or '.join(MOVIE_SUFFIXES)}.")
    if screenshot is not None:
        check_can_write(screenshot)
    from app.show_recorder import show_recorder

    num_frames = show_recorder(path, camera, mediapipe_model, headless, screenshot, seconds)
    if num_frames:
        err.print(f"{num_frames:,} frames in {path}. Next: livedouble bootstrap {path} --out ACTOR", soft_wrap=True)
    else:
        err.print("Nothing was recorded.")
