import numpy as np
import pytest

from training.actor.coverage import MeshMotion, coverage_of

UNITS = ("jawOpen", "mouthClose", "mouthPucker")


def _moving(num_frames: int, rank: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A neutral mesh, and frames that move in `rank` independent ways."""
    rng = np.random.default_rng(seed)
    neutral = rng.normal(size=(40, 3))
    directions = rng.normal(size=(rank, 40, 3)) * np.linspace(1.0, 0.5, rank)[:, None, None]
    return neutral, neutral + np.einsum("nr,rvk->nvk", rng.normal(size=(num_frames, rank)) + 0.7, directions)


def test_each_unit_is_counted_over_all_shots() -> None:
    first = np.array([[0.0, 0.5, 0.0], [0.2, 0.5, 0.0]])
    second = np.array([[1.0, 0.5, 0.0], [0.6, 0.0, 0.0]])
    found = coverage_of([first, second], UNITS)
    assert found.num_frames == 4
    np.testing.assert_allclose(found.maximum, [1.0, 0.5, 0.0])
    np.testing.assert_allclose(found.active_share, [0.75, 0.75, 0.0])
    np.testing.assert_allclose(found.clipped_share, [0.25, 0.0, 0.0])
    assert found.together[0, 1] == pytest.approx(0.5)
    np.testing.assert_array_equal(found.together, found.together.T)


def test_units_that_are_never_reached_are_named_except_the_impossible_one() -> None:
    found = coverage_of([np.array([[0.95, 0.4, 0.3]])], UNITS)
    assert found.unreached() == ("mouthPucker",)


def test_no_frame_or_another_number_of_units_is_refused() -> None:
    with pytest.raises(ValueError, match="no frame"):
        coverage_of([], UNITS)
    with pytest.raises(ValueError, match=r"\[N, 3\]"):
        coverage_of([np.zeros((4, 2))], UNITS)


@pytest.mark.parametrize("num_kept", [24, 400])
def test_motion_and_components_are_those_of_all_frames_at_once(num_kept: int) -> None:
    neutral, frames = _moving(700, rank=9)
    motion = MeshMotion(neutral, num_kept=num_kept)
    for piece in np.array_split(frames, 13):
        motion.add(piece)
    centred = frames - frames.mean(0)
    variances = np.linalg.svd(centred.reshape(700, -1), compute_uv=False) ** 2
    explained = np.cumsum(variances) / variances.sum()
    assert motion.rms_cm == pytest.approx(np.sqrt((centred**2).sum(2).mean()), rel=1e-4)
    assert motion.furthest_cm == pytest.approx(np.linalg.norm(frames - neutral, axis=2).max(), rel=1e-4)
    for share in (0.5, 0.9, 0.999):
        assert motion.num_components(share) == np.searchsorted(explained, share) + 1
    assert motion.num_components(0.9999) == 9


def test_only_the_rows_asked_for_are_looked_at() -> None:
    neutral = np.zeros((5, 3))
    frames = np.zeros((10, 5, 3))
    frames[:, 4, 1] = np.tile([1.0, -1.0], 5)
    still, moving = MeshMotion(neutral, np.array([0, 1])), MeshMotion(neutral, np.array([4]))
    for motion in (still, moving):
        motion.add(frames)
    assert still.rms_cm == 0
    assert still.num_components(0.99) == 0
    assert moving.rms_cm == pytest.approx(1.0)
    assert moving.num_components(0.999) == 1


def test_directions_that_were_not_kept_are_not_guessed() -> None:
    neutral, frames = _moving(500, rank=30)
    motion = MeshMotion(neutral, num_kept=5)
    motion.add(frames)
    with pytest.raises(ValueError, match="5 directions explain"):
        motion.num_components(0.999)


def test_nothing_is_said_about_no_mesh() -> None:
    with pytest.raises(ValueError, match="no mesh"):
        _ = MeshMotion(np.zeros((3, 3))).rms_cm
