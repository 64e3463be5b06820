import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from engine.crop import crop_for_network
from engine.errors import LiveDoubleError, ShotError, StorageError
from engine.frames import CropRect
from engine.shots import FRONT, Shot
from tests.training.tiny_data import CROP, INPUT, write_tiny_data
from training.crops import cache_shot, centre, choose_frames, gray_levels, grown_crop


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_tiny_data(tmp_path_factory.mktemp("data") / "tiny", 12)


def noise(height, width):
    return np.random.default_rng(3).integers(0, 256, (height, width), dtype=np.uint8)


@pytest.mark.parametrize(
    "crop", [CropRect(100, 80, 960, 1280), CropRect(30, 41, 1113, 1483), CropRect(0, 0, 1200, 1600)], ids=str
)
def test_the_centre_of_a_grown_crop_is_what_the_engine_gives_the_network(crop):
    picture = noise(1600, 1200)
    grown = grown_crop(picture, crop, 240, 320)
    assert grown.shape == (400, 300)
    difference = centre(grown).astype(int) - crop_for_network(picture, crop)
    assert np.abs(difference).max() <= 1


def test_around_the_crop_lie_the_pictures_own_pixels():
    rows, columns = np.mgrid[0:800, 0:600]
    picture = ((rows + columns) / 6).astype(np.uint8)
    grown = grown_crop(picture, CropRect(120, 160, 240, 320), 240, 320)
    assert np.array_equal(grown, picture[120:520, 90:390])


def test_outside_the_picture_the_border_is_repeated():
    picture = noise(320, 240)
    grown = grown_crop(picture, CropRect(0, 0, 240, 320), 240, 320)
    assert np.array_equal(grown[40:360, 5], picture[:, 0])
    assert np.array_equal(grown[395, 30:270], picture[-1])


def test_a_colour_picture_is_read_as_the_engine_reads_it():
    picture = np.random.default_rng(5).integers(0, 256, (400, 300, 3), dtype=np.uint8)
    crop = CropRect(40, 40, 201, 268)
    assert np.array_equal(centre(grown_crop(picture, crop, 240, 320)), crop_for_network(picture, crop))


def test_a_cached_shot_holds_every_frame_of_its_movie(data, tmp_path):
    cached = cache_shot(data.shots[0], {FRONT: CROP}, *INPUT, tmp_path)
    with data.shots[0].pictures() as movie:
        expected = [crop_for_network(image, CROP, *INPUT) for image in movie]
    assert np.array_equal(centre(cached.grown[0]), np.stack(expected))
    assert cached.vertices.shape == (12, 40, 3)


def test_a_movie_is_decoded_once(data, tmp_path):
    told = []
    for _ in range(2):
        cache_shot(data.shots[0], {FRONT: CROP}, *INPUT, tmp_path, lambda *status: told.append(status))
    assert told == [("decoding a", done, 12) for done in range(1, 13)]


def test_two_that_want_the_same_movie_decode_it_once_between_them(data, tmp_path):
    shot, told = data.training[0], []
    with ThreadPoolExecutor(2) as pool:
        both = [
            pool.submit(cache_shot, shot, {FRONT: CROP}, *INPUT, tmp_path, lambda *_: told.append(1)) for _ in range(2)
        ]
        one, other = (future.result() for future in both)
    assert np.array_equal(one.grown[0], other.grown[0])
    assert len(told) == shot.facts.num_frames
    assert [path.suffix for path in tmp_path.iterdir()] == [".crops"]


def test_another_crop_is_decoded_anew(data, tmp_path):
    first = cache_shot(data.shots[0], {FRONT: CROP}, *INPUT, tmp_path)
    second = cache_shot(data.shots[0], {FRONT: CropRect(0, 0, 60, 80)}, *INPUT, tmp_path)
    assert not np.array_equal(first.grown[0], second.grown[0])


def test_a_changed_movie_is_decoded_anew(data, tmp_path):
    cache_shot(data.shots[0], {FRONT: CROP}, *INPUT, tmp_path)
    file = data.shots[0].movie_path().stat()
    os.utime(data.shots[0].movie_path(), ns=(file.st_atime_ns, file.st_mtime_ns + 1_000_000))
    cache_shot(data.shots[0], {FRONT: CROP}, *INPUT, tmp_path)
    assert len(list(tmp_path.glob("a-*.crops"))) == 2


def test_a_cut_off_cache_is_made_again(data, tmp_path):
    whole = np.array(cache_shot(data.shots[0], {FRONT: CROP}, *INPUT, tmp_path).grown[0])
    path = next(tmp_path.glob("*.crops"))
    path.write_bytes(path.read_bytes()[:-7])
    assert np.array_equal(cache_shot(data.shots[0], {FRONT: CROP}, *INPUT, tmp_path).grown[0], whole)


def test_a_movie_shorter_than_its_shot_is_refused_and_leaves_nothing(data, tmp_path):
    shot = Shot(data.shots[0].folder, replace(data.shots[0].facts, num_frames=13))
    with pytest.raises(ShotError, match="12 frames"):
        cache_shot(shot, {FRONT: CROP}, *INPUT, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_cache_larger_than_the_disk_is_refused_before_decoding(data, tmp_path):
    shot = Shot(data.shots[0].folder, replace(data.shots[0].facts, num_frames=10**13))
    with pytest.raises(StorageError, match="the disk is full"):
        cache_shot(shot, {FRONT: CROP}, *INPUT, tmp_path)


def test_chosen_frames_are_spread_evenly_over_the_shots(data, tmp_path):
    shots = tuple(cache_shot(shot, {FRONT: CROP}, *INPUT, tmp_path) for shot in data.training)
    choice = choose_frames(shots, 6)
    assert choice.shot_indices.tolist() == [0, 0, 0, 1, 1, 1]
    assert choice.frame_indices.tolist() == [2, 6, 10, 2, 6, 10]
    assert len(choose_frames(shots, None)) == len(choose_frames(shots, 999)) == 24


def test_no_frames_to_choose_from_is_said():
    with pytest.raises(LiveDoubleError, match="no frames"):
        choose_frames((), None)


def test_gray_levels_are_those_of_all_pixels(data, tmp_path):
    choice = choose_frames(tuple(cache_shot(shot, {FRONT: CROP}, *INPUT, tmp_path) for shot in data.training), None)
    pixels = np.stack([choice.crop(index) for index in range(len(choice))])
    mean, deviation = gray_levels(choice)
    assert (mean[0], deviation[0]) == pytest.approx((pixels.mean(), pixels.std()), rel=1e-6)
