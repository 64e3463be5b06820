"""Is something before the face? A tracker draws lips through a hand; the skin that should be seen there is not.

Rule: every place of the face has its usual brightness, which changes with head pose and expression; that is learned
from the clip itself, robustly, and what it does not explain is something else.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage, sparse
from scipy.spatial import cKDTree

from engine.crop import to_gray
from engine.mesh import VertexNormals
from training.actor.rig import Rig
from training.bootstrap.clip_fit import ClipFit
from training.bootstrap.pinhole import Pinhole

_MOVING_SETS = ("lips", "lids", "eyes")  # what opens and shuts shows something else each time
_LEAST_FACING = 0.3  # cosine to the line of sight
_BLUR_PX = 1.0
_NUM_COMPONENTS, _NUM_SQUARED = 12, 4  # of the expressions
_ROUNDS = 4  # of reweighting (Tukey's biweight)
_OUTLIER = 4.0  # deviations
_LEAST_DEVIATION = 2.0  # gray levels
_RIDGE = 3.0  # frames' worth of doubt that a place changes at all
_DENSE_CM, _DENSE = 0.8, 0.6  # a wrinkle or a wisp of hair is a line, a hand covers all around
# Shares of the face's places that look unlike themselves, close together: a hand at the chin makes 0.005 to 0.03; where
# there is none, 99 of 100 frames stay below 0.003, whatever the face does.
_SURE, _FAINT = 0.006, 0.0015
_LEAST_S, _BRIDGE_S = 0.12, 0.5


@dataclass(frozen=True, slots=True, eq=False)
class SkinSamples:
    """Brightness of the face's places, frame by frame.

    Args:
        levels: [N, P] float32 gray levels; NaN where a place was turned away or a frame left out.
        places: [P, 3] cm, on the face at rest.
    """

    levels: np.ndarray
    places: np.ndarray


def sample_skin(
    rig: Rig, camera: Pinhole, fit: ClipFit, pictures: Iterable[np.ndarray], advance: Callable[[int], None]
) -> SkinSamples:
    """Read the skin in every frame that is used.

    Args:
        rig: Of the person's head.
        camera: That filmed.
        fit: Of the clip.
        pictures: All of it.
        advance: Told of each.
    """
    sets = rig.topology.sets
    moving = np.concatenate([sets[name] for name in _MOVING_SETS])
    rows = np.setdiff1d(sets["face"], moving)
    normals_of = VertexNormals(rig.topology.faces, rig.topology.num_vertices)
    levels = np.full((fit.num_frames, len(rows)), np.nan, np.float32)
    is_used = fit.doubted.is_used
    for frame, picture in enumerate(pictures):
        if is_used[frame]:
            mesh = rig.pose(fit.weights[frame], float(fit.seals[frame])).astype(np.float64)
            vertices = fit.pose(frame).place(mesh)
            places = vertices[rows]
            towards = -places / np.linalg.norm(places, axis=1, keepdims=True)
            is_facing = (normals_of(vertices.astype(np.float32))[rows] * towards).sum(axis=1) > _LEAST_FACING
            gray = ndimage.gaussian_filter(to_gray(picture).astype(np.float32), _BLUR_PX)
            at = camera.project(places)[:, ::-1].T - 0.5
            levels[frame] = np.where(is_facing, ndimage.map_coordinates(gray, at, order=1, mode="nearest"), np.nan)
        advance(1)
    return SkinSamples(levels, rig.topology.neutral[rows])


def unlike(samples: SkinSamples, fit: ClipFit) -> np.ndarray:
    """[N] share of the face's places that look unlike what pose and expression explain, and so do most around them.

    0 where nothing was sampled.
    """
    used = np.flatnonzero(np.isfinite(samples.levels).any(axis=1))
    shares = np.zeros(fit.num_frames)
    if len(used) < 2:
        return shares
    levels = samples.levels[used].astype(np.float64)
    is_seen = np.isfinite(levels).any(axis=0)
    levels = levels[:, is_seen]
    usual = np.nanmedian(levels, axis=0)
    off = levels / np.nanmedian(levels / usual, axis=1, keepdims=True) - usual
    is_known = np.isfinite(off)
    off = np.where(is_known, off, 0.0)
    factors = _factors(fit, used)
    trust = is_known.astype(np.float64)
    ridge = _RIDGE * np.eye(factors.shape[1])
    deviations = off
    for _ in range(_ROUNDS):
        sums = np.einsum("np,ni,nj->pij", trust, factors, factors, optimize=True) + ridge
        slopes = np.linalg.solve(sums, np.einsum("np,ni->pi", trust * off, factors, optimize=True)[..., None])[..., 0]
        left = np.abs(np.where(is_known, off - factors @ slopes.T, np.nan))
        deviations = np.nan_to_num(left / (1.4826 * np.nanmedian(left, axis=0) + _LEAST_DEVIATION))
        inner = np.clip(deviations / _OUTLIER, 0, 1)
        trust = is_known * (1 - inner * inner) ** 2
    is_odd = sparse.csr_array(deviations > _OUTLIER, dtype=np.float64)
    around = _around(samples.places[is_seen])
    density = (is_odd @ around).toarray() / around.sum(axis=0)
    shares[used] = (density >= _DENSE).mean(axis=1)
    return shares


def _around(places: np.ndarray) -> sparse.csr_array:
    """[P, P] 1 for places that lie near each other, themselves among them."""
    pairs = cKDTree(places).query_pairs(_DENSE_CM, output_type="ndarray")
    itself = np.arange(len(places))
    first = np.concatenate([pairs[:, 0], pairs[:, 1], itself])
    second = np.concatenate([pairs[:, 1], pairs[:, 0], itself])
    return sparse.csr_array((np.ones(len(first)), (first, second)), shape=(len(places),) * 2)


def covered(shares: np.ndarray, rate_hz: float) -> np.ndarray:
    """[N] bool: from the shares of `unlike`, stretches that are sure for a while, with what is faint around them."""
    least, bridge = max(1, round(_LEAST_S * rate_hz)), max(1, round(_BRIDGE_S * rate_hz))
    is_sure = ndimage.binary_opening(shares > _SURE, np.ones(least, bool))
    is_faint = ndimage.binary_closing(np.pad(shares > _FAINT, bridge), np.ones(bridge, bool))[bridge:-bridge]
    return np.asarray(ndimage.binary_propagation(is_sure, mask=is_faint | is_sure))


def _factors(fit: ClipFit, frames: np.ndarray) -> np.ndarray:
    """[n, k] what a place's brightness may depend on, each with a deviation of about 1, the first constant."""
    weights = fit.weights[frames] - fit.weights[frames].mean(axis=0)
    left, stretch, _ = np.linalg.svd(weights, full_matrices=False)
    kept = min(_NUM_COMPONENTS, int((stretch > 1e-6 * max(stretch[0], 1e-12)).sum()))
    faces = left[:, :kept] * np.sqrt(len(frames))
    turns = fit.turns[frames]
    turn = _standard(np.stack([turns[:, 0, 2], turns[:, 1, 2], turns[:, 0, 1]], axis=1))
    shift = _standard(fit.shifts_cm[frames])
    ones = np.ones((len(frames), 1))
    return np.concatenate([ones, turn, turn**2, shift, faces, faces[:, :_NUM_SQUARED] ** 2], axis=1)


def _standard(values: np.ndarray) -> np.ndarray:
    return np.asarray((values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-9))
