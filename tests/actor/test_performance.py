import numpy as np
import pytest

from engine.shots import Role
from training.actor.identity import identity_of
from training.actor.performance import perform
from training.actor.rig import Rig, build_rig


@pytest.fixture(scope="module")
def rig() -> Rig:
    return build_rig(identity_of("demo"))


@pytest.mark.parametrize("role", list(Role))
def test_the_same_seed_acts_the_same_and_another_seed_does_not(role: Role, rig: Rig) -> None:
    first, again, other = (perform(role, 240, seed, rig.units) for seed in ((3, 1), (3, 1), (3, 2)))
    for name in ("weights", "lip_seal", "lip_to_teeth", "head_turn_deg", "head_shift_cm"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert first.notes == again.notes
    assert np.abs(first.weights - other.weights).max() > 0.2


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("num_frames", [100, 451, 2000])
def test_shots_of_any_length_have_their_shape_and_stay_in_range(role: Role, num_frames: int, rig: Rig) -> None:
    acted = perform(role, num_frames, (1, 2), rig.units)
    assert acted.weights.shape == (num_frames, 52)
    assert acted.head_turn_deg.shape == acted.head_shift_cm.shape == (num_frames, 3)
    assert acted.lip_seal.shape == acted.lip_to_teeth.shape == (num_frames,)
    for curve in (acted.weights, acted.lip_seal, acted.lip_to_teeth):
        assert curve.dtype == np.float32
        assert curve.min() >= 0
        assert curve.max() <= 1
    assert acted.notes
