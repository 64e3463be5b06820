"""A shoot with the virtual actor: act and render the planned shots in processes over all cores, write the data set.

Rule: a shot is rendered under a partial name and renamed when whole, so a killed shoot continues where it was; one
process at a time shoots into a folder.
"""

import math
import multiprocessing as mp
import shutil
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np

from engine.claim import claimed
from engine.disk import check_room
from engine.errors import ShotError
from engine.movies import MovieWriter
from engine.points import PointCacheWriter
from engine.shots import SKIN_FILE, TOPOLOGY_FILE, DataSet, Shot, ShotFacts
from engine.timecode import Timecode
from training.actor.identity import identity_of
from training.actor.occlusion import bake_occlusion
from training.actor.performance import Performance, perform
from training.actor.rig import Rig, build_rig
from training.actor.skin import paint_skin
from training.actor.stage import Stage, StageSetup
from training.processes import Work, begin_renderer
from training.shoot_folder import Begun, clear_away, put_in_place, stage_of, survey
from training.shoot_plan import RATE, ShotPlan

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
    plans: tuple[ShotPlan, ...],
    *,
    setup: StageSetup | None = None,
    num_processes: int,
    progress: Callable[[int], None],
    tell: Callable[[str], None],
) -> DataSet:
    """Make (or finish) the data set `folder`.

    Args:
        folder: New, or one that the same command began; its finished shots are looked at, damaged ones made anew.
        actor: A virtual actor's name, or a seed that draws one.
        plans: Its shots.
        setup: Cameras and light; validation shots are of a later session and get `later_session` of it.
        num_processes: Renderers side by side.
        progress: Called with the number of frames made since the last call, from the calling thread.
        tell: Called with a sentence for every damaged shot, before it is made anew.

    Raises:
        ShotError: The folder holds something else, the stage cannot be set up so, or a renderer was ended.
        StorageError: The disk will not hold the result, or another process works on the folder.
    """
    setup = setup or StageSetup()
    setup.check()
    rig = build_rig(identity_of(actor))
    with claimed(folder):
        begun = survey(folder, rig, plans, setup)
        for damage in begun.damages:
            tell(f"{damage} It is filmed anew; the old one stays until the new one is whole.")
        _prepare(folder, rig, begun, setup)
        progress(sum(plan.num_frames for plan in plans) - sum(plan.num_frames for plan in begun.missing))
        _film(folder, actor, begun.missing, setup, num_processes, progress)
        cameras = dict.fromkeys(setup.cameras, setup.viewpoint)
        DataSet.write_manifest(folder, rig.identity.name, cameras, [plan.name for plan in plans])
        clear_away(folder)
    return DataSet.open(folder)


def _film(
    folder: Path,
    actor: str,
    plans: tuple[ShotPlan, ...],
    setup: StageSetup,
    num_processes: int,
    progress: Callable[[int], None],
) -> None:
    context = mp.get_context("spawn")
    work = Work.of(context)
    with ProcessPoolExecutor(num_processes, context, _begin_process, (work,)) as pool:
        # Long shots first, so that the processes end together.
        queue = sorted(plans, key=lambda plan: -plan.num_frames)
        pending = {pool.submit(make_shot, folder, actor, plan, setup) for plan in queue}
        told = 0
        try:
            while pending:
                finished, pending = wait(pending, timeout=0.5, return_when="FIRST_COMPLETED")
                made = work.num_done
                progress(made - told)
                told = made
                for future in finished:
                    future.result()
        except BrokenProcessPool as error:
            raise ShotError(
                "A renderer was ended from outside, perhaps for want of memory.",
                "Give the same command again, with fewer --processes; it goes on where it was.",
            ) from error
        finally:
            # When something stopped us, what is not begun is given up and what is begun ends with its frame.
            work.stop()
            pool.shutdown(wait=False, cancel_futures=True)


def bytes_of_a_frame(num_vertices: int, setup: StageSetup) -> int:
    """About what a frame takes on disk: its points, and a picture of each camera at this noise."""
    noise = math.sqrt(max(1.0, 10_500 / setup.sensor.full_well_e * setup.sensor.gain))
    bytes_per_px = _GRAY_BYTES_PER_PX if setup.is_gray else _COLOUR_BYTES_PER_PX
    picture = setup.width_px * setup.height_px * bytes_per_px * noise
    return round(num_vertices * _BYTES_PER_VERTEX + picture * len(setup.cameras))


def _prepare(folder: Path, rig: Rig, begun: Begun, setup: StageSetup) -> None:
    """See that there is room, and lay down what every shot needs."""
    frame_bytes = bytes_of_a_frame(rig.topology.num_vertices, setup)
    needed = sum(plan.num_frames for plan in begun.missing) * frame_bytes + (_SPARE_BYTES if begun.missing else 0)
    check_room(folder, needed, "Free some space, choose another disk, or shoot fewer minutes.")
    rig.topology.save(folder / TOPOLOGY_FILE)  # first: it tells whose shoot this is
    if not (folder / SKIN_FILE).is_file():
        skin = paint_skin(rig, bake_occlusion(rig, rig.topology.neutral))
        partial = folder / f"{SKIN_FILE}.partial"
        partial.write_bytes(cv2.imencode(".jpg", skin[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 94])[1].tobytes())
        partial.replace(folder / SKIN_FILE)


_work: Work | None = None


def _begin_process(work: Work) -> None:
    global _work  # the one way a spawned pool hands shared values to its tasks
    _work = work
    begin_renderer()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C comes to us too; whoever started us says when to stop


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
        self.performance: Performance = perform(
            plan.role, plan.num_frames, plan.seed, rig.units, is_jaw_alone=plan.is_jaw_alone
        )
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
        ShotError: What was written is not whole.
    """
    work = _work or Work()
    work.check()
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
            work.count()
    filming.close()
    facts = ShotFacts(
        name=plan.name, role=plan.role, num_frames=plan.num_frames, num_vertices=rig.topology.num_vertices,
        rate=(RATE.numerator, RATE.denominator), timecode=plan.timecode, movies=movies, points=_POINTS,
        slate=plan.slate, notes=filming.performance.notes, is_gray=setup.is_gray, seed=plan.seed[0],
        stage=setup.record(),
    )  # fmt: skip
    Shot.write_facts(partial, facts)
    work.check()
    put_in_place(partial, folder / plan.name, facts)
