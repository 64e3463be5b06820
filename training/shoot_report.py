"""What a shoot has made, measured: what the movies' compression loses, what the performances reach.

Rule: nothing is estimated; frames are made again and compared, meshes are read back from disk.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np

from engine.crop import crop_for_network
from engine.shots import DataSet, Shot
from training.actor.coverage import Coverage, MeshMotion, coverage_of
from training.actor.identity import identity_of
from training.actor.performance import perform
from training.actor.rig import build_rig
from training.actor.stage import StageSetup
from training.shoot import Filming
from training.shoot_folder import stage_of
from training.shoot_plan import ShotPlan

_LOSS_SHOTS, _LOSS_FRAMES, _LOSS_STEP = 4, 4, 12
_MOTION_FRAMES = 3000  # of all shots together: neighbours hardly differ
_SHARES = 0.99, 0.999
_BLOCK = 64


@dataclass(frozen=True, slots=True)
class MovieLoss:
    """What is left of what the sensor saw: differences in gray levels of 255.

    Args:
        num_frames: Compared.
        mean_levels: Mean absolute difference, whole picture.
        rms_levels: Root mean square, whole picture.
        crop_mean_levels: Of what the network sees, 240 by 320.
        crop_rms_levels: Of what the network sees.
    """

    num_frames: int
    mean_levels: float
    rms_levels: float
    crop_mean_levels: float
    crop_rms_levels: float


@dataclass(frozen=True, slots=True)
class Motion:
    """How richly the animated vertices move.

    Args:
        num_frames: Looked at, spread over all shots.
        rms_mm: Root mean square distance of a vertex from its mean place.
        furthest_mm: The longest way of any vertex from rest.
        components: How many principal components explain 99 % and 99.9 % of the variance.
    """

    num_frames: int
    rms_mm: float
    furthest_mm: float
    components: tuple[int, int]


def measure_loss(data: DataSet, actor: str, plans: tuple[ShotPlan, ...], setup: StageSetup) -> MovieLoss:
    """Make some frames of some shots again and compare them with the front movie's.

    Args:
        data: What was filmed.
        actor: As given to the shoot.
        plans: As planned.
        setup: As given to the shoot.
    """
    rig = build_rig(identity_of(actor))
    skin = np.ascontiguousarray(cv2.imread(str(data.skin_path))[..., ::-1])
    full, cropped = [], []
    chosen = np.unique(np.linspace(0, len(plans) - 1, _LOSS_SHOTS).round().astype(int))
    for plan in (plans[index] for index in chosen):
        filming = Filming(rig, skin, plan, stage_of(plan, setup))
        with Shot.open(data.folder / plan.name).pictures() as movie:
            for index, kept in islice(enumerate(movie), 0, _LOSS_FRAMES * _LOSS_STEP, _LOSS_STEP):
                seen = filming.frame(index)[1]["front"]
                full.append(cv2.absdiff(seen, kept).astype(np.float32).ravel())
                crops = (crop_for_network(picture, data.front.crop) for picture in (seen, kept))
                cropped.append(cv2.absdiff(*crops).astype(np.float32).ravel())
        filming.close()
    return MovieLoss(len(full), *_levels(full), *_levels(cropped))


def _levels(differences: list[np.ndarray]) -> tuple[float, float]:
    means = [float(difference.mean()) for difference in differences]
    squares = [float(np.mean(difference**2)) for difference in differences]
    return float(np.mean(means)), float(np.sqrt(np.mean(squares)))


def measure_coverage(actor: str, plans: tuple[ShotPlan, ...], progress: Callable[[int], None]) -> Coverage:
    """How the expression units were used, over all shots; performances are acted again.

    Args:
        actor: As given to the shoot.
        plans: As planned.
        progress: Told of each shot.
    """
    units = build_rig(identity_of(actor)).units
    acted = []
    for plan in plans:
        acted.append(perform(plan.role, plan.num_frames, plan.seed, units, is_jaw_alone=plan.is_jaw_alone).weights)
        progress(1)
    return coverage_of(acted, units)


def measure_motion(data: DataSet, progress: Callable[[int], None]) -> Motion:
    """How far and how richly the meshes on disk move.

    Args:
        data: What was filmed.
        progress: Told of each shot.
    """
    total = sum(shot.facts.num_frames for shot in data.shots)
    step = max(1, total // _MOTION_FRAMES)
    motion = MeshMotion(data.topology.neutral, data.topology.animated)
    for shot in data.shots:
        vertices = shot.vertices()[::step]
        for start in range(0, len(vertices), _BLOCK):
            motion.add(vertices[start : start + _BLOCK])
        progress(1)
    first, second = (motion.num_components(share) for share in _SHARES)
    return Motion(motion.num_frames, 10 * motion.rms_cm, 10 * motion.furthest_cm, (first, second))
