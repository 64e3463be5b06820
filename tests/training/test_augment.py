from dataclasses import replace

import numpy as np
import pytest

from engine.shots import FRONT
from tests.training.tiny_data import CROP, INPUT, TINY, write_tiny_data
from training.augment import augment, draws
from training.batches import Ahead, make_batch
from training.config import TrainConfig
from training.crops import cache_shot, centre, choose_frames

GRAY = np.array([65.0])
PAPER = TrainConfig()
STILL = replace(PAPER, max_translation=0, max_rotation_deg=0, max_zoom=0, max_brightness=0, max_contrast=0)
PICTURE = np.random.default_rng(1).integers(0, 256, (400, 300), dtype=np.uint8)


def randomness(seed=0):
    return draws(seed, 0, 0, 1)[0]


def test_without_strength_the_crop_itself_comes_out():
    assert np.array_equal(augment(PICTURE, PAPER, 0.0, randomness(), 128.0), centre(PICTURE))


@pytest.mark.parametrize("field", ["max_translation", "max_rotation_deg", "max_zoom", "max_brightness", "max_contrast"])
def test_each_kind_changes_the_picture_by_itself(field):
    config = replace(STILL, **{field: getattr(PAPER, field)})
    assert not np.array_equal(augment(PICTURE, config, 1.0, randomness(), 128.0), centre(PICTURE))


def test_translation_moves_by_at_most_its_amount():
    ramp = np.repeat(np.minimum(np.arange(300), 255).astype(np.uint8)[None], 400, axis=0)
    config = replace(STILL, max_translation=0.04)
    shifts = [
        float(augment(ramp, config, 1.0, randomness(seed), 128.0)[160, 100]) - float(ramp[200, 130])
        for seed in range(200)
    ]
    assert 8.0 < max(np.abs(shifts)) <= 0.04 * 240 + 1


def test_brightness_adds_at_most_its_levels():
    flat = np.full((400, 300), 100, np.uint8)
    config = replace(STILL, max_brightness=15.0)
    levels = [int(augment(flat, config, 1.0, randomness(seed), 128.0).max()) - 100 for seed in range(200)]
    assert 13 <= max(levels) <= 15
    assert -15 <= min(levels) <= -13


def test_contrast_turns_about_the_mean_gray():
    config = replace(STILL, max_contrast=0.15)
    assert (augment(np.full((400, 300), 90, np.uint8), config, 1.0, randomness(), 90.0) == 90).all()


@pytest.fixture(scope="module")
def choice(tmp_path_factory):
    folder = tmp_path_factory.mktemp("batches")
    data = write_tiny_data(folder / "tiny", 12)
    return choose_frames(tuple(cache_shot(shot, {FRONT: CROP}, *INPUT, folder) for shot in data.training), None)


def test_a_batch_is_the_same_whenever_it_is_made(choice):
    first, again = (make_batch(choice, TINY, 6, 4, 0.7, GRAY) for _ in range(2))
    assert np.array_equal(first.crops, again.crops)
    assert np.array_equal(first.vertices, again.vertices)


def test_another_epoch_and_another_seed_see_other_pictures(choice):
    batches = [
        make_batch(choice, config, step, 4, 1.0, GRAY)
        for config, step in ((TINY, 0), (TINY, 4), (replace(TINY, seed=2), 0))
    ]
    assert len({batch.crops.tobytes() for batch in batches}) == 3


def test_an_epoch_shows_every_frame_once(choice):
    config = replace(TINY, batch_size=6)
    shown = np.concatenate([make_batch(choice, config, step, 4, 0.0, GRAY).vertices for step in range(4, 8)])
    every = np.stack([choice.vertices(index) for index in range(24)])
    assert sorted(mesh.tobytes() for mesh in shown) == sorted(mesh.tobytes() for mesh in every)


def test_crops_and_vertices_of_a_batch_belong_together(choice):
    batch = make_batch(choice, TINY, 3, 4, 0.0, GRAY)
    known = {choice.vertices(index).tobytes(): choice.crop(index) for index in range(len(choice))}
    for crop, vertices in zip(batch.crops, batch.vertices, strict=True):
        assert np.array_equal(crop, known[vertices.tobytes()])


def test_batches_made_ahead_come_in_order(choice):
    with Ahead(lambda step: make_batch(choice, TINY, step, 4, 1.0, GRAY), 5, num_threads=3) as batches:
        for step in range(5, 12):
            assert np.array_equal(batches.take().crops, make_batch(choice, TINY, step, 4, 1.0, GRAY).crops)


def test_what_fails_while_a_batch_is_made_reaches_who_takes_it():
    def fail(step):
        raise OSError(f"the disk with batch {step} is gone")

    with Ahead(fail, 8) as batches, pytest.raises(OSError, match="batch 8"):
        batches.take()
