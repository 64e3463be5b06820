import numpy as np
import pytest

from engine.shots import Role
from training.actor.identity import identity_of
from training.actor.performance import perform
from training.actor.rig import Rig, build_rig
from training.actor.speech import SENTENCES, speak, visemes_of

FRAMES = 600


@pytest.fixture(scope="module")
def rig() -> Rig:
    return build_rig(identity_of("demo"))


@pytest.mark.parametrize("role", list(Role))
def test_the_same_seed_acts_the_same_and_another_seed_does_not(role: Role, rig: Rig) -> None:
    first, again, other = (perform(role, 120, seed, rig.units) for seed in ((3, 1), (3, 1), (3, 2)))
    np.testing.assert_array_equal(first.weights, again.weights)
    np.testing.assert_array_equal(first.head_turn_deg, again.head_turn_deg)
    assert np.abs(first.weights - other.weights).max() > 0.2


@pytest.mark.parametrize("role", list(Role))
def test_weights_stay_in_range_and_the_face_lives(role: Role, rig: Rig) -> None:
    performance = perform(role, FRAMES, (1, 2), rig.units)
    assert performance.weights.shape == (FRAMES, 52)
    assert performance.weights.min() >= 0
    assert performance.weights.max() <= 1
    animated = rig.topology.sets["animated"]
    meshes = np.stack([rig.pose(weights)[animated] for weights in performance.weights[::6]])
    motion_mm = 10 * np.sqrt(np.mean(np.sum((meshes - meshes.mean(0)) ** 2, axis=2)))
    assert motion_mm > 1.2, "a lazy actor makes any error small"


def test_range_of_motion_takes_every_unit_to_its_end(rig: Rig) -> None:
    reached = perform(Role.RANGE_OF_MOTION, 2400, (1, 0), rig.units).weights.max(0)
    for unit, value in zip(rig.units, reached, strict=True):
        if unit != "mouthClose" and not unit.startswith("eyeLook"):
            assert value > 0.7, unit


def test_motion_is_continuous_from_frame_to_frame(rig: Rig) -> None:
    weights = perform(Role.IN_CHARACTER, FRAMES, (5, 2), rig.units).weights
    slow = [index for index, unit in enumerate(rig.units) if not unit.startswith(("eyeBlink", "eyeLook"))]
    assert np.abs(np.diff(weights[:, slow], axis=0)).max() < 0.45


def test_p_b_and_m_close_the_lips_and_f_and_v_reach_the_teeth(rig: Rig) -> None:
    assert visemes_of("Pack my box") == ["pbm", "aa", "k", "pbm", "ee", "pbm", "oh", "s"]
    curve = speak("mama papa", rig.units, 240.0, np.random.default_rng(0))
    jaw, press = curve[:, rig.units.index("jawOpen")], curve[:, rig.units.index("mouthPressLeft")]
    closed = (press > 0.25) & (jaw < 0.125)
    closures = np.flatnonzero(np.diff(closed.astype(int)) == 1).size
    assert closures == 4
    bite = speak("five waves", rig.units, 240.0, np.random.default_rng(0))[:, rig.units.index("mouthRollLower")]
    assert bite.max() > 0.45


def test_every_sentence_can_be_spoken(rig: Rig) -> None:
    for sentence in SENTENCES:
        curve = speak(sentence, rig.units, 30.0, np.random.default_rng(0))
        assert len(curve) > 45
        assert np.isfinite(curve).all()
