"""`livedouble solve`: every frame of a movie, in batches, into a file."""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from engine.bundle import ActorBundle
    from engine.expected import Moment
    from engine.view_movies import ViewMovie


@dataclass(frozen=True, slots=True)
class SolveReport:
    """What the JSON file says."""

    movie: str
    file: str
    actor: str
    cameras: tuple[str, ...]  # whose movies were solved together
    frames: int
    frames_claimed: int  # by the movie's container; 0 where it does not say
    backend: str
    precision: str
    provider: str
    batch: int
    crop: tuple[int, int, int, int]  # x, y, width, height
    notes: tuple[str, ...]  # about crop, stabilising and cameras, for people
    has_vertices: bool
    seconds: float  # decoding and solving, without start-up and writing
    fps: float
    write_seconds: float
    expected_mm: float | None  # mean of the errors that the network expects of itself
    record_next: tuple["Moment", ...]  # where it is least sure of itself


def solve(
    movie: Annotated[Path, typer.Argument(metavar="MOVIE", help="Any movie FFmpeg reads.")],
    file: Annotated[Path, typer.Option("--out", metavar="FILE", help="The result, a file ending in .npz.")],
    actor: ActorOption = "demo",
    side: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The side camera's movie, for an actor that sees two.")
    ] = None,
    view: Annotated[
        list[str] | None, typer.Option(metavar="NAME=FILE", help="Another camera's movie; may be given several times.")
    ] = None,
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

    An actor of several cameras is given a movie of each; they are matched by timecode where they have one, otherwise
    frame by frame. Without a camera's movie the actor does with the others.

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
    more = parse_views(view or [], side)
    for read in (movie, *more.values()):
        check_results(read, file, json_file)
    bundle = ActorBundle.open(actor_folder(actor))
    with MovieReader(movie) as reader, ExitStack() as stack:
        facts = reader.facts
        choice = choose_crop(bundle, parse_crop(crop) if crop else None, facts.width_px, facts.height_px)
        others, notes = _open_views(bundle, more, stack)
        keeps_errors = is_with_vertices(vertices, facts.num_frames, bundle)
        check_space(file, facts.num_frames, bundle, keeps_errors)
        with (
            closing(
                open_backend(bundle, backend and backend.value, precision and precision.value, is_offline=True)
            ) as runner,
            progress(f"Solving {movie.name}", facts.num_frames or None) as advance,
        ):
            started_s = time.perf_counter()
            solved = solve_movie(
                reader, bundle, runner, choice.crop, batch, advance, others=others, keeps_errors=keeps_errors
            )
            solved_s = time.perf_counter()
    has_vertices = is_with_vertices(vertices, len(solved.latents), bundle)
    solved.save(file, has_vertices)
    report = SolveReport(
        movie=str(movie),
        file=str(file),
        actor=bundle.name,
        cameras=solved.cameras,
        frames=len(solved.latents),
        frames_claimed=facts.num_frames,
        backend=runner.name,
        precision=runner.precision,
        provider=runner.provider,
        batch=batch,
        crop=astuple(choice.crop),
        notes=(*choice.notes, *notes, *solved.notes, *_unfound(solved.num_unfound)),
        has_vertices=has_vertices,
        seconds=round(solved_s - started_s, 3),
        fps=round(len(solved.latents) / (solved_s - started_s), 2),
        write_seconds=round(time.perf_counter() - solved_s, 3),
        expected_mm=None if solved.expected is None else round(float(solved.expected.frames_mm.mean()), 4),
        record_next=() if solved.expected is None else solved.expected.moments(facts.rate, facts.timecode),
    )
    _tell(report)
    if json_file is not None:
        write_json(json_file, report)


def _open_views(
    bundle: "ActorBundle", files: Mapping[str, Path], stack: ExitStack
) -> "tuple[tuple[ViewMovie, ...], tuple[str, ...]]":
    """The movies of other cameras than the first, in the actor's order, and what a user should know of their crops."""
    from engine.crop_choice import choose_crop
    from engine.movies import MovieReader
    from engine.view_movies import ViewMovie

    others = bundle.views[1:]
    known = [view.camera for view in others]
    for camera in files:
        if camera not in known:
            raise UsageError(
                f"The actor {bundle.name} has no second camera {camera}.",
                f"It has: {', '.join(known)}." if known else "Leave it out: this actor sees one camera.",
            )
    movies: list[ViewMovie] = []
    notes: list[str] = []
    for view in others:
        if view.camera in files:
            reader = stack.enter_context(MovieReader(files[view.camera]))
            choice = choose_crop(bundle, None, reader.facts.width_px, reader.facts.height_px, view)
            movies.append(ViewMovie(view, reader, choice.crop))
            notes += [f"{view.camera}: {note}" for note in choice.notes]
    return tuple(movies), tuple(notes)


def _unfound(num_frames: int) -> tuple[str, ...]:
    if not num_frames:
        return ()
    return (f"In {num_frames} frames no face was found: they were solved unstabilised and may jump.",)


def parse_views(texts: Sequence[str], side: Path | None) -> dict[str, Path]:
    """Cameras' movies as people write them, `side=FILE`.

    Raises:
        UsageError: One is not a name and a file, or a camera is given twice.
    """
    files = {} if side is None else {"side": side}
    for text in texts:
        name, _, file = text.partition("=")
        if not name or not file:
            raise UsageError(f"'{text}' is no camera with its movie.", "Give both, for example --view side=take.mp4.")
        if name in files:
            raise UsageError(f"The camera {name} is given twice.", "Give one movie for each camera.")
        files[name] = Path(file)
    return files


def _tell(report: SolveReport) -> None:
    content = "latents and vertices" if report.has_vertices else "latents, without vertices (--vertices writes them)"
    out.print(
        f"{report.frames} frames in {report.seconds:.1f} s, {report.fps:.1f} frames/s"
        f" ({report.backend} {report.precision}, batch {report.batch}). {report.file} holds {content}.",
        soft_wrap=True,
    )
    if report.record_next:
        out.print(
            f"The network expects an error of {report.expected_mm:.2f} mm on average. Record these expressions next:",
            soft_wrap=True,
        )
    for moment in report.record_next:
        part = f", the {moment.region} {moment.region_mm:.2f} mm" if moment.region else ""
        out.print(f"  {moment.timecode}  frame {moment.frame + 1}: {moment.expected_mm:.2f} mm{part}", soft_wrap=True)
    for note in report.notes:
        err.print(note, soft_wrap=True)
    if report.frames_claimed not in (0, report.frames):
        err.print(f"The movie claims {report.frames_claimed} frames, {report.frames} could be decoded.", soft_wrap=True)
