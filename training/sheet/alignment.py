"""Whether the point cache belongs to the movie, and whether it is some frames early or late.

Rule: only changes are compared, what moves in the picture with what moves in the mesh. The meshes are held still, the
head in the picture is not, so what an affine motion or the light explains is taken out of the picture's changes
first. Both are brought to a few components and one is predicted from the other by ridge regression at every offset;
the offset that predicts best on frames left out is the true one.
"""

from dataclasses import dataclass

import numpy as np

MAX_OFFSET = 15  # frames, half a second of speech
_LEAST_FRAMES = 100  # shorter shots have too few events: offsets were found wrong in one of ten at 90 frames
_PICTURE_COMPONENTS, _MESH_COMPONENTS = 24, 10
_NUM_FOLDS = 5
_NUM_AFFINE = 8  # six of an affine motion, two of the light
# Measured over shots of 108 to 378 frames of seven rendered actors at 300x400 and 600x800: with the cache in place no
# other offset is better by more than 0.02, and with the cache 7 frames late the true one is better by 0.15 or more.
_CLEARLY_BETTER = 0.12
# Own caches stand out by 3.3 deviations or more, or agree by 0.7; another take's seldom do, and then somewhere else.
_AGREES = 0.4
_STANDS_OUT = 3.0
_WILD = 4.0  # of the usual change
_BESIDE = 4  # offsets next to the best share in its agreement
_RIDGE = 0.03  # of the number of frames, on components of unit variance


@dataclass(frozen=True, slots=True)
class Offset:
    """How the cache lies against the movie.

    Args:
        num_frames: Positive: the cache is late, its frame n + num_frames belongs to picture n.
        agreement: Correlation at that offset between what the picture foretells and what the mesh does, -1..1.
        agreement_as_is: The same with the cache where it is.
        curve: The same at every offset from -MAX_OFFSET to MAX_OFFSET.
        prominence: By how many standard deviations of the offsets away from it the best one exceeds their mean.
    """

    num_frames: int
    agreement: float
    agreement_as_is: float
    curve: tuple[float, ...]
    prominence: float

    @property
    def is_off(self) -> bool:
        """Whether another offset fits so much better that the cache must be moved."""
        return self.num_frames != 0 and self.agreement - self.agreement_as_is > _CLEARLY_BETTER

    @property
    def is_foreign(self) -> bool:
        """Whether picture and mesh have nothing to do with each other at any offset."""
        return self.agreement < _AGREES and self.prominence < _STANDS_OUT


def find_offset(small: np.ndarray, traced: np.ndarray) -> Offset | None:
    """Compare a shot's pictures with its meshes.

    Args:
        small: [N, h, w] float32 small pictures.
        traced: [N, n, 3] float32 cm.

    Returns:
        None where the shot is too short or too still to tell.
    """
    num_frames = min(len(small), len(traced))
    if num_frames < _LEAST_FRAMES:
        return None
    seen = _components(own_changes(small[:num_frames]), _PICTURE_COMPONENTS)
    made = _components(_tamed(_changes(traced[:num_frames])), _MESH_COMPONENTS)
    if not seen.size or not made.size:
        return None
    seen = seen / seen.std(axis=0)
    reach = MAX_OFFSET
    inner = slice(reach, len(seen) - reach)  # the same pictures at every offset
    offsets = range(-reach, reach + 1)
    scores = [_agreement(seen[inner], made[reach + shift : len(made) - reach + shift]) for shift in offsets]
    best = int(np.argmax(scores))
    away = np.array([score for index, score in enumerate(scores) if abs(index - best) > _BESIDE])
    prominence = float((scores[best] - away.mean()) / max(float(away.std()), 1e-6))
    return Offset(offsets[best], scores[best], scores[reach], tuple(scores), prominence)


def _changes(values: np.ndarray) -> np.ndarray:
    """[N - 2, d] what changes around each frame."""
    flat = values.reshape(len(values), -1)
    return np.asarray(flat[2:] - flat[:-2], np.float64)


def own_changes(small: np.ndarray) -> np.ndarray:
    """[N - 2, d] what changes in the picture around each frame beyond the whole head's motion and the light.

    To first order a picture that is shifted, turned or stretched changes by its gradient times the way of each pixel.
    """
    changes, pictures = _changes(small), np.asarray(small[1:-1], np.float64)
    along_y, along_x = np.gradient(pictures, axis=(1, 2))
    y, x = np.mgrid[-1 : 1 : pictures.shape[1] * 1j, -1 : 1 : pictures.shape[2] * 1j]
    explained = np.stack(
        [along_x, along_y, x * along_x, y * along_x, x * along_y, y * along_y, pictures, np.ones_like(pictures)],
        axis=-1,
    ).reshape(len(pictures), -1, _NUM_AFFINE)
    crossed = explained.transpose(0, 2, 1)
    system = crossed @ explained
    system += 1e-6 * np.trace(system, axis1=1, axis2=2)[:, None, None] * np.eye(_NUM_AFFINE)
    shares = np.linalg.solve(system, crossed @ changes[..., None])
    return np.asarray(changes - (explained @ shares)[..., 0])


def _tamed(changes: np.ndarray) -> np.ndarray:
    """[N - 2, d] with single wild frames brought down: one slip of a tracker must not outweigh a performance."""
    sizes = np.linalg.norm(changes, axis=1, keepdims=True)
    most = _WILD * np.median(sizes)
    return np.asarray(changes * np.minimum(1.0, most / np.maximum(sizes, 1e-12))) if most > 0 else changes


def _components(changes: np.ndarray, most: int) -> np.ndarray:
    """[n, k] principal components that carry something."""
    centred = changes - changes.mean(axis=0)
    if centred.shape[1] < len(centred):
        variances, axes = np.linalg.eigh(centred.T @ centred)
        scores = centred @ axes[:, ::-1][:, :most]
    else:
        variances, axes = np.linalg.eigh(centred @ centred.T)
        scores = (axes * np.sqrt(np.maximum(variances, 0)))[:, ::-1][:, :most]
    lengths = np.linalg.norm(scores, axis=0)
    return np.asarray(scores[:, lengths > max(1e-6, 1e-3 * lengths.max(initial=0))])


def _agreement(seen: np.ndarray, made: np.ndarray) -> float:
    """Correlation of `made` with its prediction from `seen`, each part predicted from the others."""
    predicted = np.empty_like(made)
    for part in np.array_split(np.arange(len(seen)), _NUM_FOLDS):
        rest = np.setdiff1d(np.arange(len(seen)), part)
        x, y = seen[rest], made[rest]
        system = x.T @ x + _RIDGE * len(x) * np.eye(x.shape[1])
        predicted[part] = seen[part] @ np.linalg.solve(system, x.T @ y)
    scale = np.sqrt((predicted**2).sum() * (made**2).sum())
    return float((predicted * made).sum() / scale) if scale > 0 else 0.0
