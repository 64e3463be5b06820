from dataclasses import replace

import numpy as np
import pytest

from engine.shots import FRONT
from tests.training.tiny_data import CROP, INPUT, TINY, write_tiny_data
from training.augment import Chance, augment, changes, draws
from training.batches import Ahead, make_batch
from training.config import TrainConfig
from training.crops import cache_shot, centre, choose_frames
from training.variation import FIXED, NO_AMOUNTS

GRAY = np.array([65.0])
USUAL = FIXED.filled_in(TrainConfig())
STILL = NO_AMOUNTS.filled_in(USUAL)
PICTURE = np.random.default_rng(1).integers(0, 256, (400, 300), dtype=np.uint8)


def randomness(seed=0):
    return draws(seed, 0, 0, 1)[0]


def test_without_strength_the_crop_itself_comes_out():
    assert np.array_equal(augment(PICTURE, USUAL, 0.0, randomness(), 128.0), centre(PICTURE))


@pytest.mark.parametrize("field", ["max_translation", "max_rotation_deg", "max_zoom", "max_brightness", "max_contrast"])
def test_each_kind_changes_the_picture_by_itself(field):
    config = replace(STILL, **{field: getattr(USUAL, field)})
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


def test_amounts_still_to_be_measured_are_refused():
    with pytest.raises(ValueError, match="measured first"):
        augment(PICTURE, TrainConfig(), 1.0, randomness(), 128.0)


@pytest.mark.parametrize("field", ["max_noise", "max_gamma", "max_perspective"])
def test_what_hurts_is_off_until_it_is_asked_for(field):
    asked = replace(STILL, **{field: 0.1 if field != "max_noise" else 8.0})
    assert not np.array_equal(augment(PICTURE, asked, 1.0, randomness(), 128.0), centre(PICTURE))
    assert np.array_equal(augment(PICTURE, asked, 0.0, randomness(), 128.0), centre(PICTURE))
    # What the other kinds do stays the same whether it is on or off.
    drawn = randomness().copy()
    drawn[[Chance.NOISE, Chance.GAMMA, Chance.LEAN_ACROSS, Chance.LEAN_DOWN]] = 0.0
    switched_on = replace(USUAL, **{field: getattr(asked, field)})
    usual = augment(PICTURE, USUAL, 1.0, drawn, 128.0).astype(int)
    assert np.abs(augment(PICTURE, switched_on, 1.0, drawn, 128.0) - usual).max() <= 8  # the two warps' own rounding


def test_gamma_keeps_black_and_white_and_moves_the_middle_by_at_most_its_exponent():
    ramp = np.tile(np.arange(256, dtype=np.uint8).repeat(1), (400, 2))[:, :300]
    tables = changes(draws(3, 0, 0, 200), replace(STILL, max_gamma=0.3), 1.0, 128.0).tables
    assert (tables[:, 0] == 0).all()
    assert (tables[:, 255] == 255).all()
    assert abs(int(tables[:, 128].max()) - round(255 * (128 / 255) ** 0.7)) <= 2
    assert abs(int(tables[:, 128].min()) - round(255 * (128 / 255) ** 1.3)) <= 2
    assert augment(ramp, replace(STILL, max_gamma=0.3), 1.0, randomness(), 128.0).shape == (320, 240)


def test_perspective_keeps_the_middle_and_moves_the_edges_by_its_amount():
    drawn = np.zeros((1, 32))
    drawn[0, Chance.LEAN_ACROSS] = 1.0
    plain, leaning = (changes(drawn, config, 1.0, 128.0).matrices[0] for config in
                      (STILL, replace(STILL, max_perspective=0.05)))  # fmt: skip

    def seen(matrix, x, y):
        across, down, depth = matrix @ (x, y, 1.0)
        return np.array([across, down]) / depth

    middle = (239 / 2, 319 / 2)
    assert np.allclose(seen(leaning, *middle), seen(plain, *middle))
    edge = (239 / 2 + 120, 319 / 2)
    # To first order the amount; the rest is what perspective is.
    moved_px = np.linalg.norm(seen(leaning, *edge) - seen(plain, *edge))
    assert moved_px == pytest.approx(0.05 * 240 / (1 + 0.1), rel=1e-6)


def test_noise_has_at_most_its_deviation_and_no_mean():
    flat = np.full((400, 300), 120, np.uint8)
    config = replace(STILL, max_noise=6.0)
    made = np.stack([augment(flat, config, 1.0, randomness(seed), 128.0) for seed in range(60)]).astype(float)
    deviations = made.std(axis=(1, 2))
    assert 5.0 < deviations.max() < 6.2
    assert deviations.min() < 1.0
    assert np.abs(made.mean(axis=(1, 2)) - 120).max() < 0.1
    # Not the same grain in the same place.
    first, second = made[0] - 120, made[1] - 120
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.05


@pytest.fixture(scope="module")
def choice(tmp_path_factory):
    folder = tmp_path_factory.mktemp("batches")
    data = write_tiny_data(folder / "tiny", 12)
    return choose_frames(tuple(cache_shot(shot, {FRONT: CROP}, *INPUT, folder) for shot in data.training), None)


def test_two_takes_of_a_frame_differ_as_a_face_at_rest_does():
    config = replace(STILL, steadiness_weight=1.0)
    drawn = draws(0, 0, 0, 500)
    first, second = (changes(drawn, config, 1.0, 128.0, np.full(500, take)) for take in (0, 1))
    shifts = (second.matrices - first.matrices)[:, :2, 2]
    assert 0.45 < np.abs(shifts).max() <= 0.5  # pixels of the network
    assert np.abs(shifts.mean(axis=0)).max() < 0.05
    assert set(np.unique(second.tables[:, 128].astype(int) - first.tables[:, 128])) == {-1, 0, 1}
    assert (first.noise[:, 0] == 2.0).all()
    assert (second.noise[:, 0] == 2.0).all()
    assert (first.noise[:, 1:] != second.noise[:, 1:]).any(axis=1).all()  # each take's noise is its own


def test_a_batch_of_takes_holds_every_frame_twice(choice):
    config = replace(TINY, steadiness_weight=1.0, batch_size=8)
    batch = make_batch(choice, config, 0, 4, 1.0, GRAY)
    assert len(batch.crops) == 8
    assert np.array_equal(batch.vertices[0::2], batch.vertices[1::2])
    assert all((one != other).any() for one, other in zip(batch.crops[0::2], batch.crops[1::2], strict=True))
    # Without strength there is nothing that takes could differ in.
    still = make_batch(choice, config, 0, 4, 0.0, GRAY)
    assert np.array_equal(still.crops[0::2], still.crops[1::2])


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
