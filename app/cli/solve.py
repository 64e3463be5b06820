"""`livedouble solve`: every frame of a movie, in batches, into a file."""

import time
from contextlib import closing
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Annotated

import typer

from app.cli.console import (
    ActorOption,
    BackendOption,
    JsonOption,
    PrecisionOption,
    UsageError,
    actor_folder,
    check_results,
    err,
    out,
    parse_crop,
    progress,
    write_json,
)


@dataclass(frozen=True, slots=True)
class SolveReport:
    """What the JSON file says."""

    movie: str
    file: str
    actor: str
    frames: int
    frames_claimed: int  # by the movie's container; 0 where it does not say
    backend: str
    precision: str
    provider: str
    batch: int
    crop: tuple[int, int, int, int]  # x, y, width, height
    notes: tuple[str, ...]  # about crop and stabilising, for people
    has_vertices: bool
    seconds: float  # decoding and solving, without start-up and writing
    fps: float
    write_seconds: float


def solve(
    movie: Annotated[Path, typer.Argument(metavar="MOVIE", help="Any movie FFmpeg reads.")],
    file: Annotated[Path, typer.Option("--out", metavar="FILE", help="The result, a file ending in .npz.")],
    actor: ActorOption = "demo",
    crop: Annotated[
        str | None,
        typer.Option(metavar="X,Y,W,H", help="What the network sees, in the movie's pixels; by default the actor's."),
    ] = None,
    vertices: Annotated[
        bool | None,
        typer.Option("--vertices/--no-vertices", help="Write vertices beside the latents; by default up to 1 GiB."),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Frames solved together.")] = 32,
    backend: BackendOption = None,
    precision: PrecisionOption = None,
    json_file: JsonOption = None,
) -> None:
    """Solve every frame of a movie, in batches, into one file.

    The file holds `latents` [N, 160] and `vertices` [N, V, 3] in centimetres, float32, and the `basis` and `mean`
    that turn one into the other. Read it with numpy.load.

    Example: livedouble solve take.mp4 --actor demo --out take.npz
    """
    from engine.backends import open_backend
    from engine.bundle import ActorBundle
    from engine.crop_choice import choose_crop
    from engine.movies import MovieReader
    from engine.solve_movie import solve_movie
    from engine.solved import check_space, is_with_vertices

    if file.suffix.lower() != ".npz":
        raise UsageError(f"{file} is not a name for the result.", "Give a file name ending in .npz.")
    check_results(movie, file, json_file)
    bundle = ActorBundle.open(actor_folder(actor))
    with MovieReader(movie) as reader:
        facts = reader.facts
        choice = choose_crop(bundle, parse_crop(crop) if crop else None, facts.width_px, facts.height_px)
        check_space(file, facts.num_frames, bundle, is_with_vertices(vertices, facts.num_frames, bundle))
        with (
            closing(open_backend(bundle, backend and backend.value, precision and precision.value)) as runner,
            progress(f"Solving {movie.name}", facts.num_frames or None) as advance,
        ):
            started_s = time.perf_counter()
            solved = solve_movie(reader, bundle, runner, choice.crop, batch, advance)
            solved_s = time.perf_counter()
    has_vertices = is_with_vertices(vertices, len(solved.latents), bundle)
    solved.save(file, has_vertices)
    report = SolveReport(
        movie=str(movie),
        file=str(file),
        actor=bundle.name,
        frames=len(solved.latents),
        frames_claimed=facts.num_frames,
        backend=runner.name,
        precision=runner.precision,
        provider=runner.provider,
        batch=batch,
        crop=astuple(choice.crop),
        notes=(*choice.notes, *_unfound(solved.num_unfound)),
        has_vertices=has_vertices,
        seconds=round(solved_s - started_s, 3),
        fps=round(len(solved.latents) / (solved_s - started_s), 2),
        write_seconds=round(time.perf_counter() - solved_s, 3),
    )
    _tell(report)
    if json_file is not None:
        write_json(json_file, report)


def _unfound(num_frames: int) -> tuple[str, ...]:
    if not num_frames:
        return ()
    return (f"In {num_frames} frames no face was found: they were solved unstabilised and may jump.",)


def _tell(report: SolveReport) -> None:
    content = "latents and vertices" if report.has_vertices else "latents, without vertices (--vertices writes them)"
    out.print(
        f"{report.frames} frames in {report.seconds:.1f} s, {report.fps:.1f} frames/s"
        f" ({report.backend} {report.precision}, batch {report.batch}). {report.file} holds {content}.",
        soft_wrap=True,
    )
    for note in report.notes:
        err.print(note, soft_wrap=True)
    if report.frames_claimed not in (0, report.frames):
        err.print(f"The movie claims {report.frames_claimed} frames, {report.frames} could be decoded.", soft_wrap=True)
