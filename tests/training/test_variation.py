"""What a data set says about its own variation."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.training.tiny_data import TINY
from training.checkpoint import LAST_FILE, Checkpoint, TrainingFacts
from training.config import TrainConfig
from training.crops import CachedShot, FrameChoice
from training.run_folder import RECORD_FILE
from training.variation import CEILING, FIXED, FLOOR, Amounts, measure_variation

NUM_FRAMES = 60
MOVED = Amounts(translation=0.06, rotation_deg=5.0, zoom=0.06, brightness=20.0, contrast=0.2)
KINDS = ("translation", "rotation_deg", "zoom", "brightness", "contrast")


def face() -> np.ndarray:
    """[400, 300] uint8: something with the corners that a forehead, brows, eyes and a nose have."""
    rng = np.random.default_rng(4)
    picture = np.full((400, 300), 110, np.uint8)
    for _ in range(140):
        x, y = rng.integers(40, 260), rng.integers(60, 300)
        cv2.circle(picture, (int(x), int(y)), int(rng.integers(2, 7)), int(rng.integers(60, 170)), -1)
    return cv2.GaussianBlur(picture, (0, 0), 1.0)


def filmed(of: Amounts, num_views: int = 1) -> FrameChoice:
    """A shot in which that face moves evenly by these amounts, about its middle."""
    rng = np.random.default_rng(2)
    pictures = []
    for shift_x, shift_y, turn, zoom, light, hard in rng.uniform(-1, 1, (NUM_FRAMES, 6)):
        matrix = cv2.getRotationMatrix2D((149.5, 199.5), float(turn * of.rotation_deg), float(1 + zoom * of.zoom))
        matrix[:, 2] += np.array([shift_x, shift_y]) * of.translation * 240
        moved = cv2.warpAffine(face(), matrix, (300, 400), borderMode=cv2.BORDER_REPLICATE).astype(float)
        moved = (moved - 110) * (1 + hard * of.contrast) + 110 + light * of.brightness
        pictures.append(np.clip(np.rint(moved), 0, 255).astype(np.uint8))
    grown = (np.stack(pictures),) * num_views
    shot = CachedShot(None, grown, rng.normal(size=(NUM_FRAMES, 4, 3)).astype(np.float32))
    return FrameChoice((shot,), np.zeros(NUM_FRAMES, int), np.arange(NUM_FRAMES))


@pytest.fixture(scope="module")
def moved():
    return measure_variation(filmed(MOVED))


@pytest.mark.parametrize("kind", KINDS)
def test_the_amounts_that_were_filmed_are_found(moved, kind):
    assert moved.num_followed > 0.9 * NUM_FRAMES
    # An even distribution's percentile lies a little wider than its deviation.
    assert getattr(moved.own, kind) == pytest.approx(getattr(MOVED, kind), rel=0.35)


def test_one_kind_of_motion_is_not_taken_for_another():
    own = measure_variation(filmed(Amounts(0.06, 0.0, 0.0, 0.0, 0.0))).own
    assert own.translation > 0.05
    assert own.rotation_deg < 0.3
    assert own.zoom < 0.005
    assert own.brightness < 2.0


def test_a_still_head_in_constant_light_gives_the_floor():
    variation = measure_variation(filmed(Amounts(0.0, 0.0, 0.0, 0.0, 0.0)))
    assert variation.num_followed == variation.num_frames
    assert variation.amounts == FLOOR


def test_no_amount_leaves_the_pixels_around_the_crop():
    wild = measure_variation(filmed(Amounts(0.04, 3.0, 0.03, 65.0, 0.1)))
    assert wild.amounts.brightness <= CEILING.brightness < wild.own.brightness


def test_a_second_view_counts():
    assert measure_variation(filmed(MOVED, 2)).amounts == measure_variation(filmed(MOVED)).amounts


def test_pictures_in_which_nothing_can_be_followed_give_the_floor_and_say_so():
    flat = filmed(MOVED)
    blank = CachedShot(None, (np.full((NUM_FRAMES, 400, 300), 90, np.uint8),), flat.shots[0].vertices)
    variation = measure_variation(FrameChoice((blank,), flat.shot_indices, flat.frame_indices))
    assert variation.num_followed == 0
    assert variation.amounts == FLOOR
    assert "0 of 60 frames only" in variation.words


def test_an_amount_that_is_given_stays(moved):
    config = replace(TrainConfig(), max_zoom=0.01, max_noise=2.0)
    known = Amounts.given_or(config, moved.amounts)
    assert known.zoom == 0.01
    assert known.translation == moved.amounts.translation
    assert known.filled_in(config).max_noise == 2.0
    assert Amounts.of(known.filled_in(config)) == known
    assert Amounts.of(config) is None


def test_a_training_records_what_it_measured_and_goes_on_with_it(place):
    config = replace(TINY, **dict.fromkeys(("max_translation", "max_rotation_deg", "max_zoom"), None), epochs=1)
    _, listener = place.train(config, stop_after=3)
    assert any("Augmentation takes" in line or "least amounts" in line for line in listener.lines)
    kept = Checkpoint.load(place.folder / "run" / LAST_FILE).facts.augmentation
    assert kept.brightness == TINY.max_brightness
    assert kept.translation >= FLOOR.translation
    record = json.loads((place.folder / "run" / RECORD_FILE).read_text())
    assert Amounts(**record["augmentation"]) == kept
    _, going_on = place.train(config)
    assert not any("Augmentation takes" in line for line in going_on.lines)
    assert Checkpoint.load(place.folder / "run" / LAST_FILE).facts.augmentation == kept


def test_trainings_older_than_the_record_can_be_read():
    old = {
        "data": "d", "data_checksum": "", "actor": "a", "num_training_frames": 1, "num_validation_frames": 1,
        "pca_variance": 1.0, "machine": "m",
    }  # fmt: skip
    assert TrainingFacts.of(old).augmentation is None
    assert TrainingFacts.of({**old, "augmentation": vars_of(FIXED)}).augmentation == FIXED


def vars_of(amounts: Amounts) -> dict[str, float]:
    return {kind: getattr(amounts, kind) for kind in KINDS}
