"""A shoot with the virtual actor: act and render the planned shots in processes over all cores, write the data set.

Rule: a shot is rendered under a partial name and renamed when whole, so a killed shoot continues where it was.
"""

import math
import multiprocessing as mp
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np

from engine.disk import check_room
from engine.errors import ShotError
from engine.movies import MovieWriter
from engine.points import PointCacheWriter
from engine.shots import DATASET_FILE, SKIN_FILE, TOPOLOGY_FILE, DataSet, Role, Shot, ShotFacts
from engine.timecode import Timecode
from training.actor.identity import identity_of
from training.actor.occlusion import bake_occlusion
from training.actor.performance import Performance, perform
from training.actor.rig import Rig, build_rig
from training.actor.skin import paint_skin
from training.actor.stage import Stage, StageSetup
from training.processes import begin_renderer
from training.shoot_plan import RATE, ShotPlan, later_session, plan_shoot

CRF = 16  # x264: a gray level or so of difference, most of it the sensor's own noise
_POINTS = "points.pc2"
_BYTES_PER_VERTEX = 12
# What x264 takes at this quality for a picture of such noise: measured, and a fifth more. Colour is of half the range.
_GRAY_BYTES_PER_PX, _COLOUR_BYTES_PER_PX = 0.056, 0.032
_SPARE_BYTES = 64_000_000  # texture, topology, and room for the file system
_NOISE_SEED, _LAMP_SEED = 1, 2


def shoot(
    folder: Path,
    actor: str,
    minutes: float,
    seed: int,
    *,
    setup: StageSetup | None = None,
    num_processes: int,
    progress: Callable[[int], None],
) -> DataSet:
    """Make (or finish) the data set `folder`.

    Args:
        folder: New, or one that the same command began.
        actor: A virtual actor's name, or a seed that draws one.
        minutes: Of training footage at 30 frames/s.
        seed: Of every performance.
        setup: Cameras and light; validation shots are of a later session and get `later_session` of it.
        num_processes: Renderers side by side.
        progress: Called with the number of frames made since the last call, from the calling thread.

    Raises:
        ShotError: The folder holds something else, or the stage cannot be set up so.
        StorageError: The disk will not hold the result.
    """
    setup = setup or StageSetup()
    setup.check()
    rig = build_rig(identity_of(actor))
    plans = plan_shoot(minutes, seed)
    missing = _prepare(folder, rig, plans, setup)
    total = sum(plan.num_frames for plan in plans)
    progress(total - sum(plan.num_frames for plan in missing))

    context = mp.get_context("spawn")
    counter = context.Value("l", 0)
    with ProcessPoolExecutor(num_processes, context, _begin_process, (counter,)) as pool:
        # Long shots first, so that the processes end together.
        queue = sorted(missing, key=lambda plan: -plan.num_frames)
        pending = {pool.submit(make_shot, folder, actor, plan, setup) for plan in queue}
        told = 0
        try:
            while pending:
                finished, pending = wait(pending, timeout=0.5, return_when="FIRST_COMPLETED")
                made = counter.value
                progress(made - told)
                told = made
                for future in finished:
                    future.result()
        finally:
            # When something stopped us, what is not begun is given up; otherwise nothing is left.
            pool.shutdown(wait=False, cancel_futures=True)
    cameras = dict.fromkeys(setup.cameras, setup.viewpoint)
    DataSet.write_manifest(folder, rig.identity.name, cameras, [plan.name for plan in plans])
    return DataSet.open(folder)


def stage_of(plan: ShotPlan, setup: StageSetup) -> StageSetup:
    """How this shot is filmed."""
    return later_session(setup) if plan.role is Role.VALIDATION else setup


def bytes_of_a_frame(num_vertices: int, setup: StageSetup) -> int:
    """About what a frame takes on disk: its points, and a picture of each camera at this noise."""
    noise = math.sqrt(max(1.0, 10_500 / setup.sensor.full_well_e * setup.sensor.gain))
    bytes_per_px = _GRAY_BYTES_PER_PX if setup.is_gray else _COLOUR_BYTES_PER_PX
    picture = setup.width_px * setup.height_px * bytes_per_px * noise
    return round(num_vertices * _BYTES_PER_VERTEX + picture * len(setup.cameras))


def missing_shots(folder: Path, plans: tuple[ShotPlan, ...], setup: StageSetup) -> list[ShotPlan]:
    """The shots that are still to be made; nothing is written.

    Raises:
        ShotError: The folder holds something else.
    """
    ours = {SKIN_FILE, TOPOLOGY_FILE, DATASET_FILE, ".crops", *(plan.name for plan in plans)}
    if folder.exists() and not folder.is_dir():
        raise ShotError(f"{folder} is a file.", "Give a new folder.")
    if folder.exists() and any(path.name.removesuffix(".partial") not in ours for path in folder.iterdir()):
        raise ShotError(f"{folder} holds something other than this shoot.", "Choose a new folder.")
    return [plan for plan in plans if not _is_made(folder / plan.name, plan, setup)]


def _prepare(folder: Path, rig: Rig, plans: tuple[ShotPlan, ...], setup: StageSetup) -> list[ShotPlan]:
    """Make the folder ready; returns the shots that are still to be made."""
    missing = missing_shots(folder, plans, setup)
    frame_bytes = bytes_of_a_frame(rig.topology.num_vertices, setup)
    needed = sum(plan.num_frames for plan in missing) * frame_bytes + (_SPARE_BYTES if missing else 0)
    check_room(folder, needed, "Free some space, choose another disk, or shoot fewer minutes.")
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / SKIN_FILE).is_file():
        skin = paint_skin(rig, bake_occlusion(rig, rig.topology.neutral))
        partial = folder / f"{SKIN_FILE}.partial"
        partial.write_bytes(cv2.imencode(".jpg", skin[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 94])[1].tobytes())
        partial.replace(folder / SKIN_FILE)
    rig.topology.save(folder / TOPOLOGY_FILE)
    return missing


def _is_made(folder: Path, plan: ShotPlan, setup: StageSetup) -> bool:
    if not folder.is_dir():
        return False
    facts = Shot.open(folder).facts
    setup = stage_of(plan, setup)
    wanted = plan.role, plan.num_frames, plan.seed[0], setup.is_gray, {*setup.cameras}, setup.record()
    if (facts.role, facts.num_frames, facts.seed, facts.is_gray, {*facts.movies}, facts.stage) != wanted:
        raise ShotError(
            f"{folder} is a shot of another shoot.", "Choose a new folder, or the same minutes, seed and options."
        )
    return True


_counter = None


def _begin_process(counter: "mp.sharedctypes.Synchronized[int]") -> None:
    global _counter  # the one way a spawned pool hands a shared value to its tasks
    _counter = counter
    begin_renderer()


def _count_frame() -> None:
    if _counter is not None:
        if not mp.parent_process().is_alive():
            raise SystemExit  # nobody waits for this shot; a re-run makes it again
        with _counter.get_lock():
            _counter.value += 1


class Filming:
    """One shot being acted before the cameras: its frames can be made in any order, each always the same.

    Args:
        rig: The actor.
        skin: [H, W, 3] uint8 red-green-blue.
        plan: The shot.
        setup: How it is filmed.
    """

    def __init__(self, rig: Rig, skin: np.ndarray, plan: ShotPlan, setup: StageSetup) -> None:
        self._rig, self._plan = rig, plan
        self.performance: Performance = perform(plan.role, plan.num_frames, plan.seed, rig.units)
        self._lamp_phase = float(np.random.default_rng((*plan.seed, _LAMP_SEED)).uniform(0, 2 * np.pi))
        self._stage = Stage(rig.topology, skin, setup)

    def frame(self, index: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """The exact mesh ([V, 3] float32 cm) and each camera's picture."""
        acted = self.performance
        vertices = self._rig.pose(acted.weights[index], float(acted.lip_seal[index]), float(acted.lip_to_teeth[index]))
        pictures = self._stage.photograph(
            vertices,
            acted.head_turn_deg[index],
            acted.head_shift_cm[index],
            np.random.default_rng((*self._plan.seed, _NOISE_SEED, index)),
            index / float(RATE),
            self._lamp_phase,
        )
        return vertices, pictures

    def close(self) -> None:
        """Free the stage."""
        self._stage.release()


def make_shot(folder: Path, actor: str, plan: ShotPlan, setup: StageSetup) -> None:
    """Act, render and write one shot; runs in a process of its own.

    Raises:
        StorageError: The disk is full.
    """
    setup = stage_of(plan, setup)
    rig = build_rig(identity_of(actor))
    skin = np.ascontiguousarray(cv2.imread(str(folder / SKIN_FILE))[..., ::-1])
    partial = folder / f"{plan.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    filming = Filming(rig, skin, plan, setup)
    movies = {camera: f"{camera}.mp4" for camera in setup.cameras}
    with ExitStack() as files:
        points = files.enter_context(PointCacheWriter(partial / _POINTS, rig.topology.num_vertices))
        writers = {
            camera: files.enter_context(
                MovieWriter(
                    partial / name,
                    setup.width_px,
                    setup.height_px,
                    RATE,
                    crf=CRF,
                    is_gray=setup.is_gray,
                    timecode=Timecode.parse(plan.timecode, RATE),
                    num_threads=1,
                )
            )
            for camera, name in movies.items()
        }
        for index in range(plan.num_frames):
            vertices, pictures = filming.frame(index)
            points.write(vertices)
            for camera, picture in pictures.items():
                writers[camera].write(picture)
            _count_frame()
    filming.close()
    facts = ShotFacts(
        name=plan.name, role=plan.role, num_frames=plan.num_frames, num_vertices=rig.topology.num_vertices,
        rate=(RATE.numerator, RATE.denominator), timecode=plan.timecode, movies=movies, points=_POINTS,
        slate=plan.slate, notes=filming.performance.notes, is_gray=setup.is_gray, seed=plan.seed[0],
        stage=setup.record(),
    )  # fmt: skip
    Shot.write_facts(partial, facts)
    partial.replace(folder / plan.name)
