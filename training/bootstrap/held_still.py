"""A double's own stabiliser: a small network learns where the fit found the head, and it is held still.

Rule: the fit's poses are those of all the landmarks together, and steadier than any few of them.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from engine.crop import to_gray
from engine.head_finder import SEEN_PX, head_of
from engine.shots import FRONT, DataSet, Role
from engine.stabilise import HeadPose
from training.bootstrap.clip_set import FittedClip, frames_of, parts_of
from training.bootstrap.head_fit import HeadFit
from training.bootstrap.work import Start
from training.crops import grown_crop
from training.head_finder import MEASURED_FRAMES, MOST_FRAMES, UNFINISHED_FILE, keep
from training.head_learning import NUM_STEPS, HeadSamples, learn

# MediaPipe's landmarks. Corners of the eyes: the right one's, the left one's; the nose from its bridge to its base.
_RIGHT_EYE, _LEFT_EYE = (33, 133), (362, 263)
_NOSE = (6, 197, 195, 98, 97, 2, 326, 327)


def teach_stabiliser(
    clips: Sequence[FittedClip], head: HeadFit, data: DataSet, run: Path, seed: int, start: Start
) -> str:
    """Let a head finder learn, and put it into the training's folder; returns a line about it.

    Args:
        clips: Fitted.
        head: The person's.
        data: Made of the clips.
        run: Folder of the training.
        seed: Of everything random.
        start: Begins progress.

    Raises:
        LiveDoubleError: A clip breaks off, or the folder cannot be written.
    """
    advance = start("finding heads", MOST_FRAMES + MEASURED_FRAMES)
    samples = _samples(clips, Role.IN_CHARACTER, head, data, MOST_FRAMES)
    advance(MOST_FRAMES)
    measured = _samples(clips, Role.VALIDATION, head, data, MEASURED_FRAMES)
    advance(MEASURED_FRAMES)
    advance = start("learning heads", NUM_STEPS)
    lines: list[str] = []
    done = 0

    def tell(step: int) -> None:
        nonlocal done
        advance(step - done)
        done = step

    network = learn(samples, seed, torch.device("cpu"), run / UNFINISHED_FILE, tell)
    keep(network, measured, "the fit", run, lines.append)
    return lines[0]


def _samples(clips: Sequence[FittedClip], role: Role, head: HeadFit, data: DataSet, most_frames: int) -> HeadSamples:
    """Frames of one role, spread evenly over all clips."""
    crop, (width, height) = data.cameras[FRONT].crop, SEEN_PX
    at_rest = head.points.places.on(data.topology.neutral.astype(np.float64))
    anchors = [
        at_rest[[head.points.places.row(number) for number in numbers]] for numbers in (_RIGHT_EYE, _LEFT_EYE, _NOSE)
    ]
    frames = [
        (index, frame)
        for index, clip in enumerate(clips)
        for part in parts_of(clip.name, clip.fit.doubted)[0]
        if part.role is role
        for frame in part.frames
    ]
    chosen = [frames[row] for row in np.linspace(0, len(frames) - 1, min(len(frames), most_frames)).astype(int)]
    grown, heads = [], []
    for index, clip in enumerate(clips):
        for frame, image in frames_of(clip, [frame for of_clip, frame in chosen if of_clip == index]):
            pose = clip.fit.pose(frame)
            # The middle of the upper left pixel is 0.5, 0.5 to the camera and 0, 0 to the stabiliser.
            seen = [head.camera.project(pose.place(points)).mean(axis=0) - 0.5 for points in anchors]
            grown.append(grown_crop(to_gray(image), crop, width, height))
            heads.append(head_of(HeadPose.by_anchors(*seen), crop))
    return HeadSamples.of(grown, heads)
