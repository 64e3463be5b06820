"""A hand before the face is noticed, a laugh is not taken for one."""

from dataclasses import replace

import numpy as np
import pytest

from training.bootstrap.clip_fit import ClipFit
from training.bootstrap.cover import SkinSamples, covered, unlike
from training.bootstrap.doubts import Doubt

NUM_FRAMES, NUM_PLACES = 400, 300


@pytest.fixture
def clip():
    """Skin whose brightness follows head and smile, with the camera's noise; the smile is rare and strong."""
    rng = np.random.default_rng(0)
    times = np.arange(NUM_FRAMES) / 25
    weights = np.zeros((NUM_FRAMES, 52))
    weights[:, 3] = 0.5 + 0.5 * np.sin(2 * times)
    weights[:, 7] = np.exp(-(((times - 12) / 0.8) ** 2))
    turns = np.tile(np.eye(3), (NUM_FRAMES, 1, 1))
    turns[:, 0, 2] = 0.2 * np.sin(times)
    turns[:, 1, 2] = 0.1 * np.cos(1.3 * times)
    shifts = np.stack([np.sin(0.7 * times), np.cos(0.9 * times), -60 + np.sin(times)], axis=1)
    fit = ClipFit(weights, weights, np.zeros(NUM_FRAMES), turns, shifts, np.zeros((NUM_FRAMES, 5)),
                  np.zeros(NUM_FRAMES, np.int8), np.array([], np.int64))  # fmt: skip
    usual = rng.uniform(80, 180, NUM_PLACES)
    slopes = rng.normal(0, 40, (4, NUM_PLACES))
    causes = np.stack([turns[:, 0, 2], turns[:, 1, 2], 0.3 * weights[:, 3], weights[:, 7]], axis=1)
    levels = usual + causes @ slopes + rng.normal(0, 1.5, (NUM_FRAMES, NUM_PLACES))
    return fit, levels


COLUMNS = np.arange(NUM_PLACES) % 20
ROWS = np.arange(NUM_PLACES) // 20
PLACES = 0.5 * np.stack([COLUMNS, ROWS, 0 * ROWS], axis=1).astype(float)
HAND = np.flatnonzero((COLUMNS < 5) & (ROWS < 4))
WRINKLE = np.flatnonzero(ROWS == 7)


def samples_of(levels):
    return SkinSamples(levels.astype(np.float32), PLACES)


def with_hand(levels, frames, places=HAND):
    levels = levels.copy()
    levels[np.ix_(list(frames), list(places))] = 40
    return samples_of(levels)


def test_a_hand_is_found_from_where_it_comes_to_where_it_goes(clip):
    fit, levels = clip
    hidden = covered(unlike(with_hand(levels, range(200, 240)), fit), 25.0)
    assert set(np.flatnonzero(hidden)) == set(range(200, 240))


def test_a_rare_strong_smile_and_a_turning_head_are_no_hand(clip):
    fit, levels = clip
    assert not covered(unlike(samples_of(levels), fit), 25.0).any()


def test_a_wrinkle_is_no_hand(clip):
    fit, levels = clip
    assert not covered(unlike(with_hand(levels, range(200, 240), WRINKLE), fit), 25.0).any()


def test_a_brighter_lamp_is_no_hand(clip):
    fit, levels = clip
    brighter = levels * np.where(np.arange(NUM_FRAMES) > 150, 1.2, 1.0)[:, None]
    assert covered(unlike(samples_of(brighter), fit), 25.0).mean() < 0.02


def test_a_single_odd_frame_is_not_enough(clip):
    fit, levels = clip
    assert not covered(unlike(with_hand(levels, [77]), fit), 25.0).any()


def test_frames_that_were_left_out_are_not_judged(clip):
    fit, levels = clip
    samples = with_hand(levels, range(200, 240))
    gone = samples.levels.copy()
    gone[:20] = np.nan
    shares = unlike(SkinSamples(gone, PLACES), fit)
    assert not shares[:20].any()
    assert covered(shares, 25.0)[200:240].all()
    assert not unlike(SkinSamples(np.full_like(gone, np.nan), PLACES), fit).any()


def test_covered_frames_have_their_reason(clip):
    fit, _ = clip
    hidden = np.zeros(NUM_FRAMES, bool)
    hidden[5:9] = True
    doubted = replace(fit, doubts=fit.doubted.also(Doubt.COVERED, hidden).of).doubted
    assert doubted.counts() == {Doubt.COVERED: 4}
    assert "before the face" in Doubt.COVERED.words
