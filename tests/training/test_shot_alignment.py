"""Shot stabilisation (appendix A) on the virtual actor's meshes, whose true places are known."""

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from engine.errors import ShotError
from engine.shots import Role
from training.actor.identity import identity_of
from training.actor.performance import perform
from training.actor.rig import Rig, build_rig
from training.crops import CachedShot
from training.preparation import _Carried, _carried_on
from training.shot_alignment import after, align_shots, carried, descend, plant

_STRIDE = 10  # every third of a second of the performance


@pytest.fixture(scope="module")
def rig() -> Rig:
    return build_rig(identity_of("demo"))


@pytest.fixture(scope="module")
def shots(rig: Rig) -> list[np.ndarray]:
    """Three shots of 30 meshes, true."""
    made = []
    for role in (Role.EXPRESSIONS, Role.PANGRAMS, Role.IN_CHARACTER):
        acted = perform(role, 30 * _STRIDE, (7, 3), rig.units)
        frames = range(0, 30 * _STRIDE, _STRIDE)
        made.append(
            np.stack(
                [rig.pose(acted.weights[i], float(acted.lip_seal[i]), float(acted.lip_to_teeth[i])) for i in frames]
            )
        )
    return made


def rms_mm(difference: np.ndarray) -> float:
    return 10 * float(np.sqrt((difference.astype(np.float64) ** 2).sum(-1).mean()))


def planted(rest: np.ndarray, size_mm: float, seed: int) -> np.ndarray:
    """[3, 4]: some affine map that moves the rest pose by so much, root mean square."""
    rng = np.random.default_rng(seed)
    linear, shift = 0.01 * rng.normal(size=(3, 3)), 0.08 * rng.normal(size=3)
    scale = size_mm / rms_mm(rest @ linear.T + shift)
    return np.concatenate([np.eye(3) + scale * linear, scale * shift[:, None]], axis=1)


def small_problem(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A shot [9, 30, 3] whose vertices move by very different amounts, and its rest pose."""
    rng = np.random.default_rng(seed)
    rest = rng.normal(size=(30, 3)) * (5, 8, 4) + (1, 2, 3)
    motion = rng.standard_t(2, (9, 30, 3)) * 0.1 * np.linspace(0.2, 2, 9)[:, None, None]
    return rest + motion, rest


def test_planted_errors_of_millimetres_are_removed_from_heads(rig: Rig, shots: list[np.ndarray]) -> None:
    rest, animated = rig.topology.neutral, rig.topology.sets["animated"]
    sizes_mm = (1.0, 2.0, 3.0)
    maps = [planted(rest, size, seed) for seed, size in enumerate(sizes_mm)]
    wrong = [carried(shot, affine) for shot, affine in zip(shots, maps, strict=True)]
    for shot, off, affine, size in zip(shots, wrong, align_shots(wrong, rest), sizes_mm, strict=True):
        assert rms_mm(off - shot) == pytest.approx(size, rel=0.05)
        assert rms_mm((carried(off, affine) - shot)[:, animated]) < 0.1


def test_where_nothing_was_planted_next_to_nothing_is_lost_of_a_head(rig: Rig, shots: list[np.ndarray]) -> None:
    rest, animated = rig.topology.neutral, rig.topology.sets["animated"]
    for shot, affine in zip(shots, align_shots(shots, rest), strict=True):
        assert rms_mm((shot - rest)[:, animated]) > 1.5
        assert rms_mm((carried(shot, affine) - shot)[:, animated]) < 0.1


def test_a_mesh_of_moving_parts_alone_loses_some_motion_and_all_of_the_planted_error(
    rig: Rig, shots: list[np.ndarray]
) -> None:
    animated = rig.topology.sets["animated"]
    rest = rig.topology.neutral[animated]
    costs_mm = []
    for seed, whole in enumerate(shots):
        shot = whole[:, animated]
        off = carried(shot, planted(rest, 2.0, seed))
        clean, mended = (
            carried(one, affine) for one, affine in zip((shot, off), align_shots((shot, off), rest), strict=True)
        )
        costs_mm.append(rms_mm(clean - shot))
        assert rms_mm(mended - clean) < 0.01, "what was planted makes no difference"
    assert 0.01 < max(costs_mm) < 0.8, "some true motion looks like an affine map"


def test_resting_on_what_hardly_moves_loses_least(rig: Rig, shots: list[np.ndarray]) -> None:
    rest, animated = rig.topology.neutral, rig.topology.sets["animated"]
    still = np.setdiff1d(np.arange(len(rest)), animated)
    for shot in shots:
        (affine,) = align_shots([shot], rest, rows=still)
        assert rms_mm((carried(shot, affine) - shot)[:, animated]) < 0.006


def test_the_descent_never_rises(rig: Rig, shots: list[np.ndarray]) -> None:
    animated = rig.topology.sets["animated"]
    rest = rig.topology.neutral[animated]
    for seed, shot in enumerate(shots):
        course = np.array(descend(carried(shot[:, animated], planted(rest, 3.0, seed)), rest).course_cm)
        assert len(course) > 5
        assert np.diff(course).max() <= 1e-12
        assert course[-1] < 0.8 * course[0]


def test_it_ends_where_an_independent_search_for_the_least_sum_of_distances_ends() -> None:
    shot, rest = small_problem()
    found = descend(shot, rest)
    nearest = shot[found.nearest]

    def sum_of_distances(values: np.ndarray) -> float:
        affine = values.reshape(3, 4)
        return float(np.linalg.norm(nearest @ affine[:, :3].T + affine[:, 3] - rest, axis=2).mean())

    searched = minimize(sum_of_distances, np.eye(3, 4).ravel(), method="BFGS", options={"gtol": 1e-7})
    assert sum_of_distances(found.affine.ravel()) <= searched.fun * (1 + 1e-4)
    assert found.course_cm[-1] == pytest.approx(searched.fun, rel=1e-3)


def test_the_nearest_half_is_found_although_the_shot_lies_off() -> None:
    rng = np.random.default_rng(3)
    rest = rng.normal(size=(60, 3)) * 5
    shot = np.repeat(rest[None], 10, axis=0)
    busy = [0, 2, 3, 7, 8]
    shot[busy, :40] += rng.normal(0, 0.5, (5, 40, 3))
    affine = planted(rest, 3.0, 1)
    found = descend(carried(shot, affine), rest)
    assert found.nearest.tolist() == [1, 4, 5, 6, 9]
    both = found.affine[:, :3] @ affine[:, :3], found.affine[:, :3] @ affine[:, 3] + found.affine[:, 3]
    np.testing.assert_allclose(both[0], np.eye(3), atol=1e-5)
    np.testing.assert_allclose(both[1], np.zeros(3), atol=1e-5)


class Counted:
    """A shot that counts the frames read of it."""

    def __init__(self, meshes: np.ndarray) -> None:
        self.meshes, self.num_read = meshes, 0

    def __len__(self) -> int:
        return len(self.meshes)

    def __getitem__(self, frame: int) -> np.ndarray:
        self.num_read += 1
        return self.meshes[frame]


def test_of_a_long_shot_only_some_frames_are_read() -> None:
    rng = np.random.default_rng(4)
    rest = rng.normal(size=(12, 3))
    shot = Counted((rest + 0.01 * rng.normal(size=(2000, 12, 3))).astype(np.float32))
    found = descend(shot, rest, max_frames=50)  # type: ignore[arg-type]
    assert shot.num_read == 50
    assert len(found.nearest) == 25
    assert found.nearest.max() > 1500


def test_a_mapped_shot_gives_the_same_map(tmp_path: Path) -> None:
    shot, rest = small_problem()
    np.save(tmp_path / "shot.npy", shot.astype(np.float32))
    mapped = np.load(tmp_path / "shot.npy", mmap_mode="r")
    np.testing.assert_array_equal(align_shots([mapped], rest)[0], align_shots([np.array(mapped)], rest)[0])


def test_meshes_that_are_not_whole_are_passed_over() -> None:
    shot, rest = small_problem()
    broken = np.insert(shot, 4, np.nan, axis=0)
    np.testing.assert_array_equal(descend(broken, rest).affine, descend(shot, rest).affine)
    assert 4 not in descend(broken, rest).nearest
    with pytest.raises(ShotError, match="no whole mesh"):
        align_shots([shot, broken[4:5]], rest)
    with pytest.raises(ShotError, match="no whole mesh"):
        align_shots([shot[:0]], rest)


def test_a_shot_of_one_frame_is_carried_too() -> None:
    _, rest = small_problem()
    affine = planted(rest, 2.0, 0)
    one = carried(rest[None], affine)
    assert rms_mm(carried(one, align_shots([one], rest)[0]) - rest) < 0.001
    assert carried(one, affine).dtype == np.float32


def test_planted_errors_are_of_the_size_asked_for_and_different_in_each_shot(rig: Rig) -> None:
    rest = rig.topology.neutral.astype(np.float64)
    planted = plant(5, rest, 2.0)
    assert [rms_mm(carried(rest, affine) - rest) for affine in planted] == pytest.approx([2.0] * 5, rel=1e-3)
    assert rms_mm(carried(rest, planted[0]) - carried(rest, planted[1])) > 1.0
    np.testing.assert_array_equal(planted, plant(5, rest, 2.0))


def test_one_map_after_another_is_one_map(rig: Rig) -> None:
    rest = rig.topology.neutral.astype(np.float64)
    first, second = plant(2, rest, 3.0)
    both = carried(carried(rest, first).astype(np.float64), second)
    np.testing.assert_allclose(carried(rest, after(second, first)), both, atol=1e-5)


def test_a_training_takes_out_again_what_was_planted(rig: Rig, shots: list[np.ndarray]) -> None:
    rest = rig.topology.neutral.astype(np.float64)
    (error,) = plant(1, rest, 2.0)
    off = CachedShot(None, (), shots[0], error)
    (affine,) = align_shots([_Carried(off)], rest)
    there, clean = _carried_on(off, affine).mesh(3), carried(shots[0][3], align_shots([shots[0]], rest)[0])
    assert rms_mm(off.mesh(3) - shots[0][3]) > 1.0
    assert rms_mm(there - clean) < 0.01
