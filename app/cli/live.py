"""`livedouble live`: the window on any camera, with any actor."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.console import ActorOption, BackendOption, JsonOption, PrecisionOption, actor_folder, parse_crop

CropOption = Annotated[
    str | None,
    typer.Option(metavar="X,Y,W,H", help="What the network sees, in camera pixels; by default the actor's own."),
]
FramesOption = Annotated[int | None, typer.Option(min=1, help="End after so many frames of the camera.")]
MovieOption = Annotated[Path | None, typer.Option(metavar="FILE", help="Record what the window shows (.mp4).")]
HeadlessOption = Annotated[bool, typer.Option("--headless", help="No display needed: the window is painted in memory.")]
ScreenshotOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Write a picture of the running window (.png); without --frames or --movie, then close it."
    ),
]


def live(
    actor: ActorOption = "demo",
    camera: Annotated[
        str,
        typer.Option(
            metavar="SPEC",
            help="`0` or a device path; `movie:PATH`; `shot:FOLDER`; `pattern:` or `pattern:1200x1600@60`.",
        ),
    ] = "0",
    crop: CropOption = None,
    backend: BackendOption = None,
    precision: PrecisionOption = None,
    frames: FramesOption = None,
    json_file: JsonOption = None,
    movie: MovieOption = None,
    headless: HeadlessOption = False,
    screenshot: ScreenshotOption = None,
) -> None:
    """Capture live: the camera's picture on the left, the actor's solved mesh on the right.

    Without --frames it runs until the window is closed, or Ctrl+C. The crop can be dragged in the window.

    Example: livedouble live --actor demo --camera movie:take.mp4
    """
    from app.cli.showing import check_outputs, run
    from app.opening import Request
    from app.showing import Showing

    check_outputs(camera, movie, screenshot, json_file)
    request = Request(
        actor=actor_folder(actor),
        camera=camera,
        backend=backend and backend.value,
        precision=precision and precision.value,
        crop=parse_crop(crop) if crop else None,
        num_frames=frames,
    )
    showing = Showing(headless, closes_at_end=frames is not None, movie=movie, screenshot=screenshot)
    run(request, showing, json_file)
