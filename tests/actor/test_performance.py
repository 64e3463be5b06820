import re

import numpy as np
import pytest

from engine.shots import Role
from training.actor.coverage import MeshMotion, coverage_of
from training.actor.identity import identity_of
from training.actor.performance import Performance, perform
from training.actor.performance.acting import REACTIONS_OF
from training.actor.performance.expressions import EXPRESSIONS, express
from training.actor.performance.eyes import SIDE_DEG, VERGENCE_DEG, blinks_per_minute, look
from training.actor.performance.habits import HABITS_OF
from training.actor.performance.head import SHIFT_LIMIT_CM, TURN_LIMIT_DEG
from training.actor.performance.score import Score
from training.actor.rig import Rig, build_rig
from training.actor.speech.scenes import SCENES
from training.actor.speech.sentences import LATER_PANGRAMS, PANGRAMS, SENTENCES
from training.actor.speech.tones import TONES

FRAMES = 450  # as a shoot's shots are long
UNITS = build_rig(identity_of("demo")).units


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


def _all_of(role: Role, rig: Rig, num_shots: int = 4) -> list[Performance]:
    return [perform(role, FRAMES, (7, number), rig.units) for number in range(num_shots)]


def _weight(acted: Performance, rig: Rig, unit: str) -> np.ndarray:
    return acted.weights[:, rig.units.index(unit)]


def _gaze_deg(acted: Performance, rig: Rig) -> np.ndarray:
    """[N, 2] of both eyes together, in the head."""
    eyes = np.array([[rig.gaze_deg(weights, side) for side in (0, 1)] for weights in acted.weights])
    return eyes.mean(1)


def test_a_ten_minute_shoot_reaches_every_unit(rig: Rig) -> None:
    shots = [perform(role, FRAMES, (1, number), rig.units).weights
             for role, count in ((Role.RANGE_OF_MOTION, 2), (Role.EXPRESSIONS, 2), (Role.PANGRAMS, 12),
                                 (Role.IN_CHARACTER, 24))
             for number in range(count)]  # fmt: skip
    found = coverage_of(shots, rig.units)
    assert found.unreached() == ()
    assert found.clipped_share.max() < 0.02, "weights that stand at their end look frozen"
    assert found.active_share.min() > 0.003


def test_one_shot_of_exercises_takes_every_unit_to_its_end(rig: Rig) -> None:
    for seed in range(3):
        found = coverage_of([perform(Role.RANGE_OF_MOTION, FRAMES, (2, seed), rig.units).weights], rig.units)
        assert found.unreached() == ()
        assert found.maximum[rig.units.index("mouthClose")] > 0.5


@pytest.mark.parametrize("role", [Role.EXPRESSIONS, Role.PANGRAMS, Role.IN_CHARACTER, Role.VALIDATION])
def test_the_face_lives(role: Role, rig: Rig) -> None:
    acted = perform(role, FRAMES, (1, 2), rig.units)
    motion = MeshMotion(rig.topology.neutral, rig.topology.sets["animated"])
    motion.add(np.stack([rig.pose(weights) for weights in acted.weights[::6]]))
    assert 10 * motion.rms_cm > 1.2, "a lazy actor makes any error small"


def test_lips_that_a_sound_closes_stay_closed_whatever_else_is_played(rig: Rig) -> None:
    for acted in (*_all_of(Role.PANGRAMS, rig), *_all_of(Role.IN_CHARACTER, rig)):
        is_sealed = acted.lip_seal == 1
        assert 0.01 < is_sealed.mean() < 0.25
        parted = (_weight(acted, rig, "jawOpen") - _weight(acted, rig, "mouthClose"))[is_sealed]
        assert parted.max() < 0.2, "the seal is only the last touch"
        assert _weight(acted, rig, "tongueOut")[is_sealed].max() == 0
        assert not (is_sealed & (acted.lip_to_teeth > 0)).any()


def test_f_and_v_reach_the_teeth_in_a_performance(rig: Rig) -> None:
    assert all((acted.lip_to_teeth == 1).any() for acted in _all_of(Role.PANGRAMS, rig))


@pytest.mark.parametrize("role", list(Role))
def test_motion_is_continuous_from_frame_to_frame(role: Role, rig: Rig) -> None:
    # Lids and eyes jump, and take wide and narrow eyes along.
    slow = [place for place, unit in enumerate(rig.units) if not unit.startswith("eye")]
    for acted in _all_of(role, rig):
        assert np.abs(np.diff(acted.weights[:, slow], axis=0)).max() < 0.4
        assert np.abs(np.diff(acted.head_turn_deg, axis=0)).max() < 3.0
        assert np.abs(np.diff(acted.head_shift_cm, axis=0)).max() < 0.25


@pytest.mark.parametrize("role", list(Role))
def test_the_head_stays_before_the_camera(role: Role, rig: Rig) -> None:
    for acted in _all_of(role, rig):
        assert (np.abs(acted.head_turn_deg).max(0) <= TURN_LIMIT_DEG).all()
        assert np.abs(acted.head_shift_cm).max() <= SHIFT_LIMIT_CM
        assert acted.head_turn_deg.std(0).max() > 0.4


def test_speakers_look_mostly_at_the_partner_near_the_camera(rig: Rig) -> None:
    gaze = np.concatenate([_gaze_deg(acted, rig) for acted in _all_of(Role.VALIDATION, rig, 6)])
    assert np.mean(np.hypot(*gaze.T) < 12) > 0.75
    assert np.abs(gaze.mean(0)).max() < 4.0
    assert np.hypot(*gaze.T).max() > 14, "nobody stares all the time"


def test_exercises_take_the_eyes_to_all_their_ends(rig: Rig) -> None:
    gaze = _gaze_deg(perform(Role.RANGE_OF_MOTION, FRAMES, (4, 1), rig.units), rig)
    assert (gaze.max(0) > (29, 21)).all()
    assert (gaze.min(0) < (-29, -25)).all()


def test_eyes_hold_their_aim_while_the_head_turns() -> None:
    score = Score(60, UNITS)
    turn = np.zeros((60, 3))
    turn[:, 0] = np.linspace(-8, 8, 60)
    weights = look(score, np.zeros((60, 2)), turn)
    left = SIDE_DEG * (weights[:, UNITS.index("eyeLookOutLeft")] - weights[:, UNITS.index("eyeLookInLeft")])
    np.testing.assert_allclose(left + turn[:, 0], -VERGENCE_DEG, atol=1e-6)


def test_the_rig_turns_the_eyes_by_the_angle_that_was_meant(rig: Rig) -> None:
    score = Score(4, rig.units)
    room = np.array([[9.0, 0.0], [-9.0, 0.0], [0.0, 11.0], [0.0, -11.0]])
    weights = look(score, room, np.zeros((4, 3)))
    for meant, row in zip(room, weights, strict=True):
        np.testing.assert_allclose(np.mean([rig.gaze_deg(row, side) for side in (0, 1)], axis=0), meant, atol=0.05)


def test_upper_lids_follow_the_gaze(rig: Rig) -> None:
    lids = rig.topology.sets["lids"]
    up, down = (rig.pose(weights)[lids, 1] for weights in look(Score(2, rig.units), np.array([[0, 15.0], [0, -15.0]]),
                                                              np.zeros((2, 3))))  # fmt: skip
    assert (up - down).max() > 0.2


def test_lids_close_fast_open_slowly_and_blink_as_often_as_people_do(rig: Rig) -> None:
    closing, opening, rate = [], [], []
    for acted in _all_of(Role.IN_CHARACTER, rig, 6):
        speed = np.diff(_weight(acted, rig, "eyeBlinkLeft").astype(float))
        closing.append(speed.max())
        opening.append(-speed.min())
        rate.append(blinks_per_minute(_weight(acted, rig, "eyeBlinkLeft")))
    assert np.mean(closing) > 1.2 * np.mean(opening)
    assert 10 < np.mean(rate) < 40


def test_opposing_muscles_do_not_fight(rig: Rig) -> None:
    for acted in _all_of(Role.IN_CHARACTER, rig):
        assert np.minimum(_weight(acted, rig, "mouthSmileLeft"), _weight(acted, rig, "mouthFrownLeft")).max() < 0.25
        assert np.minimum(_weight(acted, rig, "mouthPucker"), _weight(acted, rig, "mouthStretchLeft")).max() < 0.35
        assert np.minimum(_weight(acted, rig, "jawLeft"), _weight(acted, rig, "jawRight")).max() < 0.02
        assert (_weight(acted, rig, "mouthClose") <= _weight(acted, rig, "jawOpen") + 1e-6).all()


def test_there_are_expressions_enough_and_each_shows() -> None:
    assert len(EXPRESSIONS) >= 30
    assert len({expression.name for expression in EXPRESSIONS}) == len(EXPRESSIONS)
    for expression in EXPRESSIONS:
        score = Score(90, UNITS)
        express(score, expression, 0.5, np.random.default_rng(1))
        assert score.face.max() > 0.3, expression.name
        assert np.abs(score.face[0]).max() == 0
        assert np.abs(score.face[-1]).max() < 0.9


def test_reactions_name_expressions_and_habits_name_tones() -> None:
    names = {expression.name for expression in EXPRESSIONS}
    assert set(REACTIONS_OF) == set(HABITS_OF) == set(TONES)
    assert all(set(reactions) <= names for reactions in REACTIONS_OF.values())


def test_validation_brings_back_no_training_shot_of_the_same_seed(rig: Rig) -> None:
    played, later = (perform(role, 300, (5, 0), rig.units) for role in (Role.IN_CHARACTER, Role.VALIDATION))
    assert np.abs(played.weights - later.weights).max() > 0.3
    titles = {scene.title for scene in SCENES}
    for acted in _all_of(Role.VALIDATION, rig):
        assert not any(f"[{title}]" in acted.notes for title in titles)
        assert not any(sentence in acted.notes for sentence in (*SENTENCES, *PANGRAMS))


def test_a_shot_of_pangrams_reads_pangrams_mostly() -> None:
    notes = " ".join(perform(Role.PANGRAMS, 1800, (7, number), UNITS).notes for number in range(3))
    num_pangrams, num_others = (sum(notes.count(text) for text in texts) for texts in (PANGRAMS, SENTENCES))
    assert num_pangrams > 1.8 * num_others > 0
    assert not any(text in notes for text in LATER_PANGRAMS)


def test_notes_name_only_what_is_seen_and_heard_within_the_shot_and_mark_what_is_cut() -> None:
    text = "We promised them both a proper meal before the show."
    score = Score(30, UNITS)
    score.say(text, "neutral", -0.6, np.random.default_rng(1))
    (quoted,) = score.notes
    words = quoted.removeprefix('neutral: "... ').removesuffix(' ..."')
    assert words in text
    assert 1 <= len(words.split()) <= 6, "one second holds no whole sentence"

    score = Score(30, UNITS)
    express(score, EXPRESSIONS[0], 1.1, np.random.default_rng(1))  # after the end
    score.note("long ago", -3.0, -1.0)
    score.note("begun before", -1.0, 0.5)
    score.note("whole", 0.2, 0.6)
    score.note("cut", 0.7, 2.0)
    score.head("[a scene of which nothing is seen]", 0.9)
    assert score.notes == ("... begun before", "whole", "cut ...")


@pytest.mark.parametrize("role", list(Role))
def test_the_notes_of_a_shot_of_one_second_are_few(role: Role) -> None:
    for seed in range(6):
        assert len(re.findall(r"[a-z']+", perform(role, 30, (seed, 1), UNITS).notes)) <= 24


def test_a_whole_sentence_is_quoted_whole() -> None:
    score = Score(300, UNITS)
    score.say(SENTENCES[0], "tired", 0.5, np.random.default_rng(1))
    assert score.notes == (f'tired: "{SENTENCES[0]}"',)


def test_short_shots_of_other_seeds_begin_with_other_expressions() -> None:
    first = [perform(Role.EXPRESSIONS, 30, (seed, 1), UNITS).notes.split(";")[0] for seed in range(1, 31)]
    names = [re.sub(r" ?\.\.\.| \(one-sided\)", "", note) for note in first]
    assert len({*names}) == len(names)


def test_a_shot_too_short_for_a_word_is_a_pause() -> None:
    notes = {perform(Role.PANGRAMS, 4, (seed, 0), UNITS).notes for seed in range(12)}
    assert "a pause" in notes
    assert all(len(note.split()) <= 6 for note in notes)


def test_the_jaw_alone_goes_forward_and_back_again_and_again(rig: Rig) -> None:
    acted = perform(Role.VALIDATION, FRAMES, (3, 1), rig.units, is_jaw_alone=True)
    forward = _weight(acted, rig, "jawForward")
    crossings = np.flatnonzero(np.diff((forward > 0.3).astype(int)))
    assert len(crossings) >= 2 * FRAMES / 30 / 3, "every three seconds at least"
    assert forward.max() > 0.9
    assert np.ptp(_weight(acted, rig, "jawOpen")) > 0.3
    assert _weight(acted, rig, "mouthSmileLeft").max() < 0.3
    assert "jaw forward and back" in acted.notes
