"""A shoot with the virtual actor: plan the shots, act and render them in processes over all cores, write the data set.

Rule: a shot is rendered under a partial name and renamed when whole, so a killed shoot continues where it was.
"""

import ctypes
import multiprocessing as mp
import os
import shutil
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from engine.errors import ShotError, StorageError
from engine.movies import MovieWriter
from engine.points import PointCacheWriter
from engine.shots import DATASET_FILE, FRONT, SKIN_FILE, TOPOLOGY_FILE, DataSet, Role, Shot, ShotFacts, Viewpoint
from engine.timecode import Timecode
from training.actor.identity import identity_of
from training.actor.occlusion import bake_occlusion
from training.actor.performance import RATE_HZ, perform
from training.actor.rig import Rig, build_rig
from training.actor.skin import paint_skin
from training.actor.stage import FACE_CROP, HEIGHT_PX, WIDTH_PX, Stage, StageSetup

RATE = Fraction(int(RATE_HZ))
_MOVIE, _POINTS = "front.mp4", "points.pc2"
_CRF = 16  # x264: differences of one to two gray levels, under the sensor's own noise after the resize
_BYTES_PER_FRAME = 5043 * 12 + 45_000  # points, and what the movie takes at this quality
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_SHOT_FRAMES = 450  # 15 seconds
# The paper's parts of a shoot (Laine et al. 2017, section 4.1).
_SHARES = ((Role.RANGE_OF_MOTION, 0.05), (Role.EXPRESSIONS, 0.05), (Role.PANGRAMS, 0.30), (Role.IN_CHARACTER, 0.60))
_VALIDATION_SHARE = 0.1
_LATER_SESSION = StageSetup(
    view_height_cm=31.4, aim_cm=(0.25, -0.7, 8.0), key_gain=1.05, key_shift=(0.06, -0.04), read_noise=0.9
)


@dataclass(frozen=True, slots=True)
class ShotPlan:
    """A shot to be made."""

    name: str
    role: Role
    num_frames: int
    seed: tuple[int, ...]
    timecode: str
    is_gray: bool = True


def plan_shoot(minutes: float, seed: int, is_gray: bool = True) -> tuple[ShotPlan, ...]:
    """The shots of a shoot.

    Args:
        minutes: Of training footage; validation shots of a later session come on top (10 %).
        seed: Of every performance.
        is_gray: Filmed by a monochrome camera.
    """
    total = round(minutes * 60 * RATE_HZ)
    plans: list[ShotPlan] = []
    wanted = [*((role, share) for role, share in _SHARES), (Role.VALIDATION, _VALIDATION_SHARE)]
    for role, share in wanted:
        frames = max(30, round(total * share))
        num_shots = max(1, round(frames / _SHOT_FRAMES))
        for number in range(num_shots):
            length = frames // num_shots + (number < frames % num_shots)
            index = len(plans)
            # A later session is shot on another day: its clock starts at another hour.
            hour = 14 if role is Role.VALIDATION else 10
            start = Timecode.parse(f"{hour}:00:00:00", RATE).plus(index * 60 * int(RATE))
            plans.append(ShotPlan(f"{index + 1:03}_{role.value}", role, length, (seed, index), str(start), is_gray))
    return tuple(plans)


def shoot(
    folder: Path,
    actor: str,
    minutes: float,
    seed: int,
    *,
    num_processes: int,
    progress: Callable[[int], None],
    is_gray: bool = True,
) -> DataSet:
    """Make (or finish) the data set `folder`.

    Args:
        folder: New, or one that the same command began.
        actor: A virtual actor's name.
        minutes: Of training footage at 30 frames/s.
        seed: Of every performance.
        num_processes: Renderers side by side.
        progress: Called with the number of frames made since the last call, from the calling thread.
        is_gray: Filmed by a monochrome camera, as the paper's.

    Raises:
        ShotError: The folder holds something else.
        StorageError: The disk will not hold the result.
    """
    rig = build_rig(identity_of(actor))
    plans = plan_shoot(minutes, seed, is_gray)
    missing = _prepare(folder, rig, plans)
    total = sum(plan.num_frames for plan in plans)
    progress(total - sum(plan.num_frames for plan in missing))

    context = mp.get_context("spawn")
    counter = context.Value("l", 0)
    with ProcessPoolExecutor(num_processes, context, _begin_process, (counter,)) as pool:
        # Long shots first, so that the processes end together.
        queue = sorted(missing, key=lambda plan: -plan.num_frames)
        pending = {pool.submit(make_shot, folder, actor, plan) for plan in queue}
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
    viewpoint = Viewpoint(FACE_CROP, WIDTH_PX, HEIGHT_PX)
    DataSet.write_manifest(folder, actor, {FRONT: viewpoint}, [plan.name for plan in plans])
    return DataSet.open(folder)


def _prepare(folder: Path, rig: Rig, plans: tuple[ShotPlan, ...]) -> list[ShotPlan]:
    """Make the folder ready; returns the shots that are still to be made."""
    ours = {SKIN_FILE, TOPOLOGY_FILE, DATASET_FILE, ".crops", *(plan.name for plan in plans)}
    if folder.exists() and not folder.is_dir():
        raise ShotError(f"{folder} is a file.", "Give a new folder.")
    if folder.exists() and any(path.name.removesuffix(".partial") not in ours for path in folder.iterdir()):
        raise ShotError(f"{folder} holds something other than this shoot.", "Choose a new folder.")
    folder.mkdir(parents=True, exist_ok=True)
    missing = [plan for plan in plans if not _is_made(folder / plan.name, plan)]
    needed, free = sum(plan.num_frames for plan in missing) * _BYTES_PER_FRAME, shutil.disk_usage(folder).free
    if needed > free:
        raise StorageError(
            f"The shoot needs about {needed / 1e6:,.0f} MB, {folder} has {free / 1e6:,.0f} MB free.",
            "Free some space, choose another disk, or shoot fewer minutes.",
        )
    if not (folder / SKIN_FILE).is_file():
        skin = paint_skin(rig, bake_occlusion(rig, rig.topology.neutral))
        cv2.imwrite(str(folder / SKIN_FILE), skin[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
    rig.topology.save(folder / TOPOLOGY_FILE)
    return missing


def _is_made(folder: Path, plan: ShotPlan) -> bool:
    if not folder.is_dir():
        return False
    facts = Shot.open(folder).facts
    made, wanted = (
        (of.role, of.num_frames, seed, of.is_gray) for of, seed in ((facts, facts.seed), (plan, plan.seed[0]))
    )
    if made != wanted:
        raise ShotError(f"{folder} is a shot of another shoot.", "Choose a new folder, or the same minutes and seed.")
    return True


_counter = None


def _begin_process(counter: "mp.sharedctypes.Synchronized[int]") -> None:
    global _counter  # the one way a spawned pool hands a shared value to its tasks
    _counter = counter
    if sys.platform.startswith("linux"):  # also while it waits for work, a worker ends with who started it
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # Mesa's software renderer would start a thread for every core in every process.
    os.environ.setdefault("LP_NUM_THREADS", "1")


def make_shot(folder: Path, actor: str, plan: ShotPlan) -> None:
    """Act, render and write one shot; runs in a process of its own.

    Raises:
        StorageError: The disk is full.
    """
    rig = build_rig(identity_of(actor))
    skin = cv2.imread(str(folder / SKIN_FILE))[..., ::-1]
    performance = perform(plan.role, plan.num_frames, plan.seed, rig.units)
    noise = np.random.default_rng((*plan.seed, 1))
    timecode = Timecode.parse(plan.timecode, RATE)
    partial = folder / f"{plan.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    setup = _LATER_SESSION if plan.role is Role.VALIDATION else StageSetup()
    stage = Stage(rig.topology, skin, replace(setup, is_gray=plan.is_gray))
    with (
        MovieWriter(
            partial / _MOVIE,
            WIDTH_PX,
            HEIGHT_PX,
            RATE,
            crf=_CRF,
            is_gray=plan.is_gray,
            timecode=timecode,
            num_threads=1,
        ) as movie,
        PointCacheWriter(partial / _POINTS, rig.topology.num_vertices) as points,
    ):
        for weights, turn, shift in zip(
            performance.weights, performance.head_turn_deg, performance.head_shift_cm, strict=True
        ):
            vertices = rig.pose(weights)
            movie.write(stage.photograph(vertices, turn, shift, noise))
            points.write(vertices)
            if _counter is not None:
                if not mp.parent_process().is_alive():
                    raise SystemExit  # nobody waits for this shot; a re-run makes it again
                with _counter.get_lock():
                    _counter.value += 1
    stage.release()
    facts = ShotFacts(
        name=plan.name, role=plan.role, num_frames=plan.num_frames, num_vertices=rig.topology.num_vertices,
        rate=(RATE.numerator, RATE.denominator), timecode=plan.timecode, movies={FRONT: _MOVIE}, points=_POINTS,
        is_gray=plan.is_gray, seed=plan.seed[0],
    )  # fmt: skip
    Shot.write_facts(partial, facts)
    partial.replace(folder / plan.name)
