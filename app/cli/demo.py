"""`livedouble demo`: the bundled actor on its bundled clip."""

from pathlib import Path

from app.cli.console import DEMO_CLIP, BackendOption, JsonOption, PrecisionOption, actor_folder, err
from app.cli.live import FramesOption, HeadlessOption, MovieOption, ScreenshotOption
from app.display import has_display
from engine.errors import ShotError

_HEADLESS_FRAMES = 300
_HEADLESS_MOVIE = Path("demo.mp4")


def demo(
    headless: HeadlessOption = False,
    frames: FramesOption = None,
    json_file: JsonOption = None,
    movie: MovieOption = None,
    screenshot: ScreenshotOption = None,
    backend: BackendOption = None,
    precision: PrecisionOption = None,
) -> None:
    """Show the bundled actor: its video on the left, the mesh solved from it on the right, with the true error.

    Without a display it runs headless for 300 frames, records demo.mp4 and prints the figures.

    Example: livedouble demo --headless --frames 300 --json demo.json
    """
    from app.cli.showing import check_outputs, run
    from app.opening import Request
    from app.showing import Showing

    actor = actor_folder("demo")
    if not DEMO_CLIP.is_dir():
        raise ShotError(
            f"This installation has no demo clip: {DEMO_CLIP} is missing.",
            "Install LiveDouble again from a whole copy.",
        )
    if not headless and not has_display():
        headless, movie = True, movie or _HEADLESS_MOVIE
        err.print(f"There is no display: running headless, the window is recorded to {movie}.", soft_wrap=True)
    check_outputs("", movie, screenshot, json_file)
    if headless and frames is None and screenshot is None:
        frames = _HEADLESS_FRAMES
    request = Request(
        actor=actor,
        camera=f"shot:{DEMO_CLIP}",
        backend=backend and backend.value,
        precision=precision and precision.value,
        num_frames=frames,
    )
    showing = Showing(headless, closes_at_end=frames is not None, movie=movie, screenshot=screenshot)
    run(request, showing, json_file)
