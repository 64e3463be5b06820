from fractions import Fraction

import numpy as np
import pytest

from tests.panel.faces import ANIMATED, at_rest, lively, panel_of, shot
from training.panel import SolvedShot


def noisy(meshes, deviation_cm, seed=5):
    noise = np.zeros_like(meshes)
    noise[:, ANIMATED] = np.random.default_rng(seed).normal(0, deviation_cm, (len(meshes), len(ANIMATED), 3))
    return meshes + noise


def test_white_noise_on_a_still_face_jitters_by_root_six_of_its_deviation():
    # A step is the difference of two independent draws in three axes: variance 2 x 3.
    panel = panel_of(shot(at_rest(400), noisy(at_rest(400), 0.01)))
    assert panel.jitter.is_still
    assert panel.jitter.solved_mm == pytest.approx(0.1 * np.sqrt(6), rel=0.02)
    assert panel.jitter.truth_mm == 0.0
    assert panel.jitter.num_steps == 399


def test_only_still_stretches_count():
    truth = at_rest(300)
    truth[100:] += lively(200) - at_rest(200)
    solved = truth.copy()
    solved[150:] = noisy(solved[150:], 0.05)
    panel = panel_of(shot(truth, solved))
    assert panel.jitter.is_still
    assert 95 <= panel.jitter.num_steps <= 105
    assert panel.jitter.solved_mm == pytest.approx(0.0, abs=0.02)


def test_where_no_face_is_still_the_calmest_steps_are_taken_and_said_to_be():
    panel = panel_of(shot(lively(300), lively(300)))
    assert not panel.jitter.is_still
    assert panel.jitter.num_steps == 15
    assert panel.jitter.solved_mm == pytest.approx(panel.jitter.truth_mm)
    assert panel.jitter.truth_mm > 0.02
    assert panel.jitter.false_mm == 0.0


def test_a_face_that_turns_back_for_a_moment_is_not_calm():
    truth = at_rest(300)
    swing = np.sin(np.arange(200) * 2 * np.pi / 20)  # speed is zero twice in 20 frames
    truth[:200, ANIMATED, 0] += 0.5 * swing[:, None]
    truth[200:, ANIMATED, 0] += 0.5 * swing[-1] + 0.004 * np.arange(100)[:, None]  # 1.2 mm/s: slow, never still
    solved = truth.copy()
    solved[:200] = noisy(solved[:200], 0.05)
    jitter = panel_of(shot(truth, solved)).jitter
    assert not jitter.is_still
    assert jitter.false_mm == pytest.approx(0.0, abs=1e-3)


def test_stillness_is_a_speed_and_does_not_depend_on_the_frame_rate():
    truth = at_rest(200)
    truth[:, ANIMATED, 0] += 0.0015 * np.arange(200)[:, None]  # 0.015 mm a frame
    slow, fast = (
        SolvedShot("a", Fraction(rate), truth.astype(np.float32), truth.astype(np.float32)) for rate in (30, 60)
    )
    assert panel_of(slow).jitter.is_still  # 0.45 mm/s
    assert not panel_of(fast).jitter.is_still  # 0.9 mm/s


def test_a_smoother_face_has_a_jerk_ratio_below_one_and_a_rougher_above():
    truth = lively(300)
    half = truth.mean(axis=0) + 0.5 * (truth - truth.mean(axis=0))
    assert panel_of(shot(truth, half)).jerk_ratio == pytest.approx(0.5, abs=0.02)
    assert panel_of(shot(truth, noisy(truth, 0.01))).jerk_ratio > 2.0


def test_curves_do_not_depend_on_how_a_shot_is_read():
    truth = lively(150)
    solved = noisy(truth, 0.01)
    whole = panel_of(shot(truth, solved))
    third = np.diff(solved[:, ANIMATED], 3, axis=0)
    true_third = np.diff(truth[:, ANIMATED], 3, axis=0)
    assert whole.jerk_ratio == pytest.approx(np.sqrt((third**2).sum() / (true_third**2).sum()), rel=1e-3)
    frame = 130
    expected_mm = 10 * np.sqrt(((solved - truth)[frame, ANIMATED] ** 2).sum(axis=1).mean())
    assert whole.shots[0].curve_mm[frame] == pytest.approx(expected_mm, rel=1e-3)
    assert len(whole.shots[0].curve_mm) == 150


def test_a_single_frame_has_neither_jitter_nor_jerk():
    panel = panel_of(shot(at_rest(1), at_rest(1)))
    assert panel.jitter is None
    assert panel.jerk_ratio is None
