"""The actor's own head finder (`engine/head_finder.py`): a small network that learns where others find the head.

Rule: it learns from training shots alone; how well it agrees with its teacher is told on validation shots.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.bundle import STABILISER_FILE
from engine.claim import claimed
from engine.crop import to_gray
from engine.disk import not_written, write_whole
from engine.errors import ActorError, LiveDoubleError, ShotError
from engine.frames import CropRect
from engine.head_finder import SEEN_PX, HeadFinder, head_of
from engine.preparation import Preparation
from engine.shots import DataSet, Shot
from engine.stabilise import PointFinder
from training.checkpoint import Checkpoint
from training.config import TrainConfig
from training.crops import centre, crops_of, grown_crop
from training.device import Compute
from training.head_learning import NUM_STEPS, HeadSamples, learn
from training.head_network import FinderNetwork, as_onnx
from training.watch import Watch

MOST_FRAMES = 3000  # to learn from, spread evenly over the training shots
MEASURED_FRAMES = 200
_LEAST_FOUND = 0.5  # of the frames looked at
UNFINISHED_FILE = "stabiliser.unfinished"


def own_stabiliser(data: DataSet, config: TrainConfig, run: Path, compute: Compute, watch: Watch) -> bytes:
    """The ONNX file of an actor's head finder: found in the run's folder, or learned from dlib's 68 points.

    Args:
        data: Of the actor.
        config: One view, and a seed.
        run: Folder of the training.
        compute: Where it learns.
        watch: Told what happens.

    Raises:
        ShotError: Hardly a training frame shows a face that dlib finds.
        TrackerError: dlib is not installed.
        TakenError: Another process lets one learn there.
        StorageError: The run's folder cannot be written.
    """
    path = run / STABILISER_FILE
    if path.is_file():
        kept = path.read_bytes()
        try:
            HeadFinder(kept)
        except ActorError:
            watch.say(f"{path} is damaged; what finds the head is learned anew.")
        else:
            return kept
    with claimed(run):
        return _learned(data, config, run, compute, watch)


def _learned(data: DataSet, config: TrainConfig, run: Path, compute: Compute, watch: Watch) -> bytes:
    (crop,) = crops_of(data, config.views).values()
    samples = _look("finding heads", data.training, crop, config.views[0], MOST_FRAMES, watch)
    if len(samples.heads) < _LEAST_FOUND * min(MOST_FRAMES, sum(shot.facts.num_frames for shot in data.training)):
        raise ShotError(
            f"dlib finds a face in {len(samples.heads)} of the frames looked at, so nothing can learn from it.",
            "Check the crop, or train without stabilising.",
        )
    measured = _look("checking heads", data.validation, crop, config.views[0], MEASURED_FRAMES, watch)
    network = learn(
        samples, config.seed, compute.device, run / UNFINISHED_FILE,
        lambda step: watch.preparing("learning heads", step, NUM_STEPS),
    )  # fmt: skip
    return keep(network, measured, "dlib", run, watch.say)


def held_still(checkpoint: Checkpoint, data: DataSet, run: Path, compute: Compute, watch: Watch) -> Checkpoint:
    """The same network, to see the head held still: who has learned to see it move sees that better, too.

    Args:
        checkpoint: Of a training whose pictures were plain crops.
        data: It was trained on.
        run: Its folder, which keeps what is learned.
        compute: Where it learns.
        watch: Told what happens.

    Raises:
        LiveDoubleError: Its pictures are stabilised already, or it sees several cameras.
        ShotError: Hardly a training frame shows a face that dlib finds.
        TrackerError: dlib is not installed.
        TakenError: Another process lets one learn there.
        StorageError: The run's folder cannot be written.
    """
    if checkpoint.config.preparation is not Preparation.CROP:
        raise LiveDoubleError(
            f"The training {run} saw its head held still already ({checkpoint.config.preparation.value}).",
            "Export it as it is.",
        )
    if len(checkpoint.config.views) > 1:
        raise LiveDoubleError(
            f"The training {run} sees {len(checkpoint.config.views)} cameras; a head is held still for one alone.",
            "Export it as it is.",
        )
    config = replace(checkpoint.config, is_stabilised=None, is_self_stabilised=True)
    stabiliser = own_stabiliser(data, config, run, compute, watch)
    return replace(checkpoint, config=config, stabiliser=stabiliser)


def keep(network: "FinderNetwork", measured: HeadSamples, teacher: str, run: Path, say: Callable[[str], None]) -> bytes:
    """Put a head finder into a training's folder, where the training takes it from; returns its ONNX file.

    Args:
        network: That has learned.
        measured: Of validation shots.
        teacher: What it learned from, for people.
        run: Folder of the training; made if need be.
        say: Takes a line for people.

    Raises:
        StorageError: The folder cannot be written.
    """
    file = as_onnx(network)
    say(_agreement(HeadFinder(file), measured, teacher))
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_written(run, error) from error
    write_whole(run / STABILISER_FILE, file)
    return file


def _look(task: str, shots: Sequence[Shot], crop: CropRect, camera: str, most_frames: int, watch: Watch) -> HeadSamples:
    """Let dlib look at frames spread evenly; those without a face are left out."""
    finder, width, height = PointFinder(), *SEEN_PX
    num_frames = sum(shot.facts.num_frames for shot in shots)
    every = max(1.0, num_frames / most_frames)
    grown, heads, first = [], [], 0
    for shot in shots:
        with shot.pictures(camera) as movie:
            for frame, image in enumerate(movie, first):
                watch.preparing(task, frame + 1, num_frames)
                if math.floor(frame / every) == math.floor((frame - 1) / every):
                    continue
                gray = to_gray(image)
                pose = finder.find(gray, crop)
                if pose is not None:
                    grown.append(grown_crop(gray, crop, width, height))
                    heads.append(head_of(pose, crop))
        first += shot.facts.num_frames
    return HeadSamples.of(grown, heads)


def _agreement(finder: HeadFinder, samples: HeadSamples, teacher: str) -> str:
    if not len(samples.heads):
        return f"{teacher} finds no face in the validation shots, so how well the head is found cannot be told."
    crop = CropRect(0, 0, *SEEN_PX)
    found = np.stack([head_of(finder.find(np.ascontiguousarray(centre(one)), crop), crop) for one in samples.grown])
    off = found - samples.heads
    off[:, 1] *= SEEN_PX[1] / SEEN_PX[0]  # in widths, as the first
    off_percent = 100 * float(np.sqrt((off[:, :2] ** 2).sum(axis=1).mean()))
    off_deg = math.degrees(float(np.sqrt((off[:, 2] ** 2).mean())))
    return (
        f"The head is found {off_percent:.2f} % of the crop's width and {off_deg:.2f} degrees (rms) from where"
        f" {teacher} finds it, in {len(samples.heads)} frames of the validation shots."
    )
