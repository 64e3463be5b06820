"""A rig, its landmarks and a camera that all tests of real faces share; rigs take a second each."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from training.actor.curves import weights_of
from training.actor.rig import build_rig
from training.bootstrap.face_space import NUM_DIRECTIONS, face_space
from training.bootstrap.frame_fit import FrameFit, Sighting
from training.bootstrap.landmark_places import OUTER_CORNERS, landmark_places
from training.bootstrap.pinhole import HeadPose, Pinhole
from training.bootstrap.rig_points import RigPoints

CAMERA = Pinhole(640, 480, 800.0)
SCORED = 0.8  # hosts say less than there is
FACES = (
    {},
    {"jawOpen": 0.4},
    {"mouthSmile": 0.7},
    {"browInnerUp": 0.6, "browOuterUp": 0.5},
    {"mouthPucker": 0.6},
    {"eyeBlink": 0.8},
    {"mouthFrown": 0.5, "browDown": 0.5},
    {"jawOpen": 0.2, "mouthSmile": 0.4},
)


@pytest.fixture(scope="session")
def mean_head():
    return RigPoints.of(build_rig(face_space().identity("mean", np.zeros(NUM_DIRECTIONS))), landmark_places())


@pytest.fixture(scope="session")
def other_head():
    place = np.zeros(NUM_DIRECTIONS)
    place[:8] = (0.8, -0.7, 0.9, -0.6, 0.7, 0.8, -0.9, 0.6)
    return RigPoints.of(build_rig(face_space().identity("other", place)), landmark_places())


def posed(turn_deg=(0.0, 0.0, 0.0), shift_cm=(0.0, 0.0, -60.0)):
    return HeadPose(Rotation.from_euler("yxz", turn_deg, degrees=True).as_matrix(), np.array(shift_cm))


def sight(points, weights, pose, camera=CAMERA, noise_px=0.0, seed=0, seal=0.0):
    """What a perfect host would say, or one that errs by some pixels; its scores say somewhat less than there is."""
    seen = camera.project(pose.place(points.at(weights, seal)))
    seen += np.random.default_rng(seed).normal(0, noise_px, seen.shape) if noise_px else 0.0
    corners = [points.places.row(number) for number in OUTER_CORNERS]
    unit_px = float(np.linalg.norm(seen[corners[0]] - seen[corners[1]]))
    return Sighting(seen, unit_px, SCORED * weights, seal)


def truths(points):
    """A fit that is right, for each of `FACES`, in eight poses."""
    turns = ((0, 0, 0), (15, 0, 0), (-15, 0, 5), (0, 10, 0), (0, -10, -5), (20, 5, 0), (-20, -5, 0), (5, 0, 8))
    return [
        FrameFit(posed(turn, (0.3 * index, -0.2 * index, -58.0 - index)), weights_of(face, points.rig.units))
        for index, (turn, face) in enumerate(zip(turns, FACES, strict=True))
    ]
