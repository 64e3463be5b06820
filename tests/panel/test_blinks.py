import numpy as np
import pytest

from tests.panel.faces import LEFT_BROW, OPEN_CM, at_rest, during, lively, panel_of, shot, with_lids

_NUM_FRAMES = 120


def blink(*spans):
    """Openings [N] cm: eyes close and open within three frames."""
    is_shut = during(_NUM_FRAMES, *spans).astype(float)
    return OPEN_CM * (1 - np.convolve(is_shut, np.ones(3) / 3, mode="same"))


def face(left, right):
    return with_lids(with_lids(at_rest(_NUM_FRAMES), "left", left), "right", right)


ALWAYS_OPEN = np.full(_NUM_FRAMES, OPEN_CM)


def test_an_eye_that_follows_three_tenths_of_a_wink_leaks_three_tenths():
    wink = blink((30, 38), (80, 86))
    solved = face(wink, OPEN_CM + 0.3 * (wink - OPEN_CM))
    blinks = panel_of(shot(face(wink, ALWAYS_OPEN), solved)).blinks
    assert (blinks.num_blinks, blinks.num_one_eyed) == (2, 2)
    assert blinks.other_lids == pytest.approx(0.3, abs=1e-4)
    assert blinks.other_lids_mm > 0.5
    assert blinks.brows == pytest.approx(0.0, abs=1e-6)


def test_an_actor_whose_other_eye_truly_follows_is_not_blamed():
    wink = blink((30, 38))
    truth = face(wink, OPEN_CM + 0.2 * (wink - OPEN_CM))
    blinks = panel_of(shot(truth, truth)).blinks
    assert blinks.num_one_eyed == 1
    assert blinks.other_lids == pytest.approx(0.0, abs=1e-6)


def test_blinks_of_both_eyes_say_nothing_about_the_other_lids():
    both = blink((30, 38))
    blinks = panel_of(shot(face(both, both), face(both, both))).blinks
    assert (blinks.num_blinks, blinks.num_one_eyed) == (2, 0)
    assert blinks.other_lids is blinks.other_lids_mm is None


def test_a_brow_that_sinks_with_the_lids_leaks():
    both = blink((30, 38))
    solved = face(both, both)
    solved[:, LEFT_BROW, 1] += 0.1 * (both - OPEN_CM)[:, None]
    blinks = panel_of(shot(face(both, both), solved)).blinks
    assert blinks.brows == pytest.approx(0.05, abs=1e-4)  # one of the two sides by a tenth


def test_a_constant_error_is_no_cross_talk():
    wink = blink((30, 38))
    solved = face(wink, ALWAYS_OPEN - 0.1)
    solved[:, LEFT_BROW, 1] += 0.2
    blinks = panel_of(shot(face(wink, ALWAYS_OPEN), solved)).blinks
    assert blinks.other_lids == pytest.approx(0.0, abs=1e-5)
    assert blinks.brows == pytest.approx(0.0, abs=1e-5)


def test_a_face_that_never_blinks_has_no_cross_talk():
    blinks = panel_of(shot(at_rest(50), lively(50))).blinks
    assert blinks.num_blinks == 0
    assert blinks.other_lids is blinks.brows is None
