"""What `live` and `demo` share: opening the window, the report for machines and the table for people."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from app.cli.console import check_results, err, out, progress, write_json
from app.figures import precision_words
from engine.errors import LiveDoubleError, StorageError
from engine.machine import machine_facts, peak_memory_mib, process_age_s

if TYPE_CHECKING:
    from app.opening import Request
    from app.showing import Showing, Shown
    from engine.statistics import Statistics

MOVIE_SUFFIXES = (".mp4", ".mov", ".mkv")


def check_outputs(camera: str, movie: Path | None, screenshot: Path | None, json_file: Path | None) -> None:
    """Refuse places for results that cannot work, before anything runs.

    Raises:
        StorageError: A folder does not exist, a name has the wrong ending, or a result would overwrite the camera's
            movie.
    """
    kind, _, source = camera.partition(":")
    check_results(Path(source) if kind == "movie" and source else None, movie, screenshot, json_file)
    for path, suffixes in ((movie, MOVIE_SUFFIXES), (screenshot, (".png", ".jpg")), (json_file, None)):
        if path is not None and suffixes and path.suffix.lower() not in suffixes:
            raise StorageError(f"{path} cannot be written.", f"Give a name ending in {' or '.join(suffixes)}.")


def run(request: "Request", showing: "Showing", json_file: Path | None) -> None:
    """Show the line until its window closes, then write and print what was measured.

    Raises:
        LiveDoubleError: The line could not begin or broke off, or a result could not be written.
    """
    command_s = process_age_s()
    show = _load_window(showing.is_headless)
    libraries_s = process_age_s()
    if showing.is_headless:
        with progress("Running", request.num_frames) as advance:
            shown = show(request, showing, _steps(advance))
    else:
        shown = show(request, showing, lambda frames: None)
    if shown.statistics is not None:
        if json_file is not None:
            start = {"command_s": command_s, "libraries_s": libraries_s}
            write_json(json_file, report(shown, shown.statistics, start))
        if showing.is_headless:
            tell(shown, shown.statistics)
    if shown.error is not None:
        raise shown.error


def _load_window(is_headless: bool) -> "Callable[[Request, Showing, Callable[[int], None]], Shown]":
    try:
        from app import startup
        from app.show import show
    except ImportError as error:
        raise LiveDoubleError(
            f"Qt cannot be loaded ({error}).", "`make system` installs the system libraries it needs, or names them."
        ) from error
    if not is_headless:
        startup.check_display()
    return show


def _steps(advance: Callable[[int], None]) -> Callable[[int], None]:
    told = 0

    def progressed(frames: int) -> None:
        nonlocal told
        advance(frames - told)
        told = frames

    return progressed


def report(shown: "Shown", statistics: "Statistics", start: dict[str, float | None]) -> dict[str, Any]:
    """For machines: the line's statistics, what ran it, and `start`, in seconds since the process began."""
    return {
        **statistics.to_json(),
        "errors": max(statistics.errors, int(shown.error is not None)),
        "actor": shown.actor,
        "camera": shown.camera,
        "first_mesh_s": shown.first_mesh_s,
        "start": {name: age if age is None else round(age, 2) for name, age in start.items()} | asdict(shown.start),
        "peak_memory_mib": peak_memory_mib(),
        "gl_renderer": shown.gl_renderer,
        "window_size": shown.window_size,
        "movie": asdict(shown.movie) if shown.movie else None,
        "machine": asdict(machine_facts()),
    }


def tell(shown: "Shown", statistics: "Statistics") -> None:
    """For people."""
    table = Table(title=escape(f"{shown.actor}, {shown.camera}"), title_justify="left", show_header=False)
    fps, latency, dropped = statistics.mean_fps, statistics.display_latency_ms, statistics.dropped
    rows = [
        ("Camera", f"{statistics.frames:,} frames", _rate(fps.camera)),
        ("Solve", f"{statistics.solved:,} frames", _rate(fps.solve)),
        ("Display", f"{statistics.displayed:,} frames", _rate(fps.display)),
        (
            "Dropped",
            f"{dropped.total:,} frames",
            f"camera {dropped.camera:,}, solver busy {dropped.solver_busy:,}, display busy {dropped.display_busy:,}",
        ),
    ]
    if latency is not None:
        spread = f"p50, {latency.p95:.1f} p95, {latency.p99:.1f} p99"
        rows.append(("Camera to display", f"{latency.p50:.1f} ms", spread))
    if statistics.solve_latency_ms is not None:
        solving = statistics.solve_latency_ms
        rows.append(("Camera to mesh", f"{solving.p50:.1f} ms", f"p50, {solving.p95:.1f} p95, {solving.p99:.1f} p99"))
    if statistics.crop_ms is not None and statistics.network_ms is not None:
        parts = f"crop {statistics.crop_ms.p50:.1f} ms, network {statistics.network_ms.p50:.1f} ms"
        rows.append(("Solve time", f"{statistics.crop_ms.p50 + statistics.network_ms.p50:.1f} ms", parts))
    if statistics.rmse_mm is not None:
        rows.append(("RMSE", f"{statistics.rmse_mm:.2f} mm", "animated vertices against the truth"))
    rows.append(("Solved by", statistics.backend, f"{precision_words(statistics)}, {statistics.provider}"))
    rows += [("", "", f"[dim]not {escape(other)}[/]") for other in statistics.others]
    rows.append(("Drawn by", "OpenGL", shown.gl_renderer))
    if shown.first_mesh_s is not None:
        age_s, memory_mib = shown.start.first_mesh_s, peak_memory_mib()
        since = f", {age_s:.1f} s after the command" if age_s is not None else ""
        rows.append(("First mesh", f"{shown.first_mesh_s:.1f} s", f"after opening the window{since}"))
        if memory_mib is not None:
            rows.append(("Memory", f"{memory_mib:,} MiB", "the most at a time"))
    if shown.movie is not None:
        grab = f"{shown.movie.grab_ms.p50:.1f} ms a picture to copy" if shown.movie.grab_ms else ""
        rows.append(("Movie", escape(shown.movie.file), grab))
    for row in rows:
        table.add_row(*row)
    out.print(table)
    for note in statistics.notes:
        err.print(note, soft_wrap=True)


def _rate(fps: float | None) -> str:
    return "" if fps is None else f"{fps:.1f} frames/s"
