"""Writes a planned shot into its data set: meshes, pictures, facts, and at last the manifest that lists it.

Rule: the shot grows under a partial name and is renamed when it has opened as a whole one; what fails leaves nothing.
One process at a time adds to a data set.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

from engine.claim import claimed
from engine.disk import check_room, not_written
from engine.errors import ShotError
from engine.mesh import Topology
from engine.movies import MovieWriter
from engine.points import PointCacheWriter
from engine.shots import DATASET_FILE, TOPOLOGY_FILE, DataSet, Shot, ShotFacts
from training.ingest.actor_mesh import is_animated_by_motion, with_animated
from training.ingest.footage import Footage
from training.ingest.motion import Motion, MotionWatch
from training.ingest.plan import IngestPlan, existing_data, plan_ingest

_POINTS = "points.pc2"
_CRF = 12  # x264: visually lossless, about a gray level
_BYTES_PER_PIXEL = 0.04  # of a movie at this quality; camera noise makes it more, a still background less

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Ingested:
    """What was written.

    Args:
        plan: As it was carried out; made anew where the data set had grown since.
        shot: What became of it.
        motion: Of its meshes.
        topology: The data set's, as it is now.
        num_copied: Movies that were taken as they are; the others were encoded anew.
        num_bytes: On disk.
    """

    plan: IngestPlan
    shot: Shot
    motion: Motion
    topology: Topology
    num_copied: int
    num_bytes: int


def take_in(plan: IngestPlan, advance: Advance) -> Ingested:
    """Write the shot.

    Args:
        plan: Settled.
        advance: Called with 1 for every mesh and every picture that has been looked at.

    Raises:
        LiveDoubleError: A frame is damaged, the disk is full, or another process works on the data set, which is as
            it was.
    """
    folder = plan.request.folder
    with _storing(folder), claimed(folder):
        plan = _up_to_date(plan)
        _check_space(plan)
        partial = folder / f"{plan.name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        try:
            partial.mkdir()
            motion = _write_points(plan, partial / _POINTS, advance)
            movies, num_copied = {}, 0
            for camera, film in plan.footage.items():
                is_copied = _is_whole(plan, camera, film)
                movies[camera] = f"{camera}{film.facts.path.suffix.lower() if is_copied else '.mp4'}"
                write = _copy_movie if is_copied else _encode_movie
                write(plan, camera, film, partial / movies[camera], advance)
                num_copied += is_copied
            Shot.write_facts(partial, _facts(plan, movies))
            Shot.open(partial)  # counts and rates, as training will check them
            num_bytes = sum(file.stat().st_size for file in partial.iterdir())
            topology = _list(plan, partial, motion)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        for stale in folder.glob("*.partial"):  # of ingests that were killed: nobody else is writing here
            shutil.rmtree(stale, ignore_errors=True)
        return Ingested(plan, Shot.open(folder / plan.name), motion, topology, num_copied, num_bytes)


def _up_to_date(plan: IngestPlan) -> IngestPlan:
    """The plan, made anew where another process has added shots since it was made."""
    now = existing_data(plan.request.folder)
    before, after = ([shot.facts.name for shot in data.shots] if data else [] for data in (plan.data, now))
    return plan if before == after else plan_ingest(plan.request)


@contextmanager
def _storing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise not_written(folder, error) from error


def _check_space(plan: IngestPlan) -> None:
    needed = float(plan.overlap.num_frames * plan.topology.num_vertices * 12)
    for camera, film in plan.footage.items():
        pixels = plan.overlap.num_frames * film.facts.width_px * film.facts.height_px
        is_copied = _is_whole(plan, camera, film)
        needed += film.facts.path.stat().st_size if is_copied else pixels * _BYTES_PER_PIXEL
    check_room(plan.request.folder, needed)


def _write_points(plan: IngestPlan, path: Path, advance: Advance) -> Motion:
    overlap = plan.overlap
    watch = MotionWatch(overlap.num_frames)
    with PointCacheWriter(path, plan.topology.num_vertices) as points:
        for index in range(overlap.first_mesh, overlap.first_mesh + overlap.num_frames):
            vertices = plan.space.to_house(plan.points.frame(index))
            watch.see(vertices, f"frame {index + 1}")
            points.write(vertices)
            advance(1)
    return watch.judge()


def _is_whole(plan: IngestPlan, camera: str, film: Footage) -> bool:
    """Whether the movie can be taken as it is: our reader reads it alike, and every picture of it is wanted."""
    is_all = plan.overlap.first_picture(camera) == 0 and plan.overlap.num_frames == film.facts.num_frames
    return film.facts.is_copyable and is_all and film.facts.rate == plan.rate and _is_even(film)


def _is_even(film: Footage) -> bool:
    return film.facts.width_px % 2 == 0 and film.facts.height_px % 2 == 0


def _copy_movie(plan: IngestPlan, camera: str, film: Footage, path: Path, advance: Advance) -> None:
    for _ in film.pictures():  # every picture is looked at before the movie is trusted
        advance(1)
    shutil.copyfile(film.facts.path, path)


def _encode_movie(plan: IngestPlan, camera: str, film: Footage, path: Path, advance: Advance) -> None:
    first, num_frames = plan.overlap.first_picture(camera), plan.overlap.num_frames
    view = plan.viewpoints[camera]
    timecode = film.facts.timecode
    with MovieWriter(
        path, view.frame_width_px, view.frame_height_px, plan.rate, crf=_CRF, is_gray=film.facts.is_gray,
        timecode=timecode and replace(timecode, rate=Fraction(plan.rate)).plus(first),
    ) as movie:  # fmt: skip
        for picture in islice(film.pictures(), first, first + num_frames):
            movie.write(picture[: view.frame_height_px, : view.frame_width_px])
            advance(1)
        num_written = movie.num_frames
        if num_written != num_frames:
            raise ShotError(
                f"The {camera} movie breaks off: {num_written} of {num_frames} pictures are there.", "Copy it again."
            )


def _facts(plan: IngestPlan, movies: dict[str, str]) -> ShotFacts:
    request = plan.request
    return ShotFacts(
        name=plan.name, role=request.role, num_frames=plan.overlap.num_frames,
        num_vertices=plan.topology.num_vertices, rate=(plan.rate.numerator, plan.rate.denominator),
        timecode=str(plan.timecode or ""), movies=movies, points=_POINTS, slate=request.slate, notes=request.notes,
        is_gray=all(film.facts.is_gray for film in plan.footage.values()),
    )  # fmt: skip


def _list(plan: IngestPlan, partial: Path, motion: Motion) -> Topology:
    """Give the shot its name, bring the topology up to date, then list the shot: in this order."""
    folder, topology = plan.request.folder, plan.topology
    final, beside = folder / plan.name, folder / f"{Path(TOPOLOGY_FILE).stem}.partial.npz"
    if is_animated_by_motion(topology):
        topology = with_animated(topology, motion.moved)
    before = [shot.facts.name for shot in plan.data.shots] if plan.data else []
    try:
        topology.save(beside)
        if final.exists():  # of an ingest that was killed before it was listed
            shutil.rmtree(final)
        partial.replace(final)
        if plan.data is None or topology is not plan.topology:
            beside.replace(folder / TOPOLOGY_FILE)
        DataSet.write_manifest(folder, plan.actor, plan.viewpoints, [*before, plan.name])
    except OSError:
        shutil.rmtree(final, ignore_errors=True)
        if plan.data is None:
            (folder / TOPOLOGY_FILE).unlink(missing_ok=True)
        (folder / DATASET_FILE).with_suffix(".partial").unlink(missing_ok=True)
        raise
    finally:
        beside.unlink(missing_ok=True)
    return topology


def num_steps(plan: IngestPlan) -> int:
    """How often `take_in` advances."""
    return plan.overlap.num_frames * (1 + len(plan.footage))


def unmatched(plan: IngestPlan) -> tuple[str, ...]:
    """What is left out of the shot, one sentence for each run of frames."""
    overlap = plan.overlap
    lines = _runs("mesh", "meshes", "picture", overlap.first_mesh, overlap.num_frames, plan.points.facts.num_frames)
    for camera, film in plan.footage.items():
        first = overlap.first_picture(camera)
        lines += _runs(
            f"{camera} picture", f"{camera} pictures", "mesh", first, overlap.num_frames, film.facts.num_frames
        )
    return tuple(lines)


def _runs(one: str, many: str, other: str, first: int, num_used: int, num_all: int) -> list[str]:
    runs = ((0, first), (first + num_used, num_all))
    return [
        f"Left out: {end - start} {many if end - start > 1 else one} without a {other} ({start + 1} to {end})."
        for start, end in runs
        if end > start
    ]
