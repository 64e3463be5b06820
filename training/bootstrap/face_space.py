"""All heads that the anatomy can take, as a few numbers: the directions in which drawn people differ.

Rule: a head found here is an `Identity` like any other, so the rig that poses it is the virtual actors' own.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from engine.frames import frozen
from training.actor.anatomy import load_anatomy
from training.actor.identity import Identity, identity_of

_NUM_PEOPLE = 400  # drawn by seed 0 and up
NUM_DIRECTIONS = 50  # of these people's shapes they hold 99.9 % of the variance


@dataclass(frozen=True, slots=True, eq=False)
class FaceSpace:
    """Principal directions of people's heads at rest.

    Args:
        targets: Names of the anatomy's identity targets.
        mean: [n] their weights of the mean head.
        directions: [K, n] by which a direction changes them at 1, one standard deviation.
        shapes: [K, V, 3] float64, cm, what that does to the vertices, seen from between the ears.
    """

    targets: tuple[str, ...]
    mean: np.ndarray
    directions: np.ndarray
    shapes: np.ndarray

    def __post_init__(self) -> None:
        for name in ("mean", "directions", "shapes"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    def identity(self, name: str, place: np.ndarray) -> Identity:
        """The head at [K] standard deviations from the mean."""
        weights = self.mean + place @ self.directions
        return Identity(name, dict(zip(self.targets, weights.tolist(), strict=True)))


@lru_cache(maxsize=1)
def face_space() -> FaceSpace:
    """Found anew from the anatomy in some three seconds, always the same."""
    anatomy = load_anatomy()
    people = [identity_of(str(seed)) for seed in range(_NUM_PEOPLE)]
    targets = tuple(sorted({target for person in people for target in person.targets}))
    weights = np.array([[person.targets.get(target, 0.0) for target in targets] for person in people])
    moved = np.stack([anatomy.target(target) for target in targets])
    moved -= moved[:, anatomy.masks["ears"] > 0].mean(axis=1, keepdims=True)
    mean = weights.mean(axis=0)
    face = anatomy.masks["face"] > 0
    differences = np.tensordot(weights - mean, moved[:, face], 1).reshape(len(people), -1)
    left, _, _ = np.linalg.svd(differences, full_matrices=False)
    directions = left[:, :NUM_DIRECTIONS].T @ (weights - mean) / np.sqrt(len(people))
    return FaceSpace(targets, mean, directions, np.tensordot(directions, moved, 1))
