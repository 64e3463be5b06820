"""A training's folder, its mishaps, and the ways it may go on."""

import json
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from engine.errors import LiveDoubleError, StorageError
from engine.render import Offscreen
from tests.training.tiny_data import TINY
from training.checkpoint import LAST_FILE, Checkpoint
from training.config import CONFIG_FILE, TrainConfig
from training.device import choose_compute
from training.diary import METRICS_FILE, PICTURES_FILE, TENSORBOARD_FOLDER
from training.loop import train
from training.run_folder import RECORD_FILE
from training.watch import Watch

FULL = replace(TINY, velocity_weight=0.5, batch_size=6, epochs=2)


def weights(place, run):
    return Checkpoint.load(place.folder / run / LAST_FILE).network


def assert_same(one, other, rtol=1e-4, atol=1e-6):
    for name, values in one.items():
        assert torch.allclose(values, other[name], rtol=rtol, atol=atol), name


def train_held(place, run, config=TINY, stop_after=None, steps_a_reading=5):
    """As on a GPU, without one: the data set in the device's memory, the loss read now and then."""
    compute = replace(choose_compute("cpu", 1), holds_data=True, steps_a_reading=steps_a_reading)
    statuses, lines = [], []
    watch = Watch(lines.append, lambda *_: None, statuses.append, lambda: len(statuses) + 1 == stop_after)
    outcome = train(place.data, config, place.folder / run, compute, place.data.folder / ".crops", watch)
    return outcome, statuses, lines


def test_validating_often_does_not_change_what_is_learned(place):
    place.train(replace(FULL, validation_minutes=1e-9), run="often")
    place.train(FULL, run="once")
    often, once = weights(place, "often"), weights(place, "once")
    assert_same(often, once)
    assert once["to_errors.scale"] != 1.0  # put to scale by the last validation, however many came before


def test_pairs_and_expected_errors_go_on_as_if_never_stopped(place):
    config = replace(FULL, validation_minutes=1e-9)
    place.train(config, run="whole")
    place.train(config, run="parts", stop_after=7)
    place.train(config, run="parts")
    assert_same(weights(place, "whole"), weights(place, "parts"))


def test_data_in_the_devices_memory_trains_the_same_network(place):
    outcome, statuses, lines = train_held(place, "held", FULL)
    place.train(FULL, run="fed")
    assert [status.step for status in statuses] == [1, *range(5, 21, 5)]
    assert outcome.is_finished
    assert any("of the device's memory, it lies there" in line for line in lines)
    # Pictures may differ by a gray level here and there.
    held, fed = weights(place, "held"), weights(place, "fed")
    distance = sum(float((held[name] - fed[name]).square().sum()) for name in held)
    assert distance < 1e-4 * sum(float(values.square().sum()) for values in fed.values())


def test_data_in_the_devices_memory_goes_on_as_if_never_stopped(place):
    train_held(place, "whole")
    stopped, _, _ = train_held(place, "parts", stop_after=3)
    assert stopped.state.step == 10
    train_held(place, "parts")
    assert_same(weights(place, "whole"), weights(place, "parts"))


def test_a_finished_training_goes_on_with_more_epochs_or_minutes(place):
    place.train(replace(TINY, epochs=1))
    assert place.train(replace(TINY, epochs=2))[0].state.step == 24
    timed, _ = place.train(replace(TINY, epochs=10_000, minutes=0.01), run="timed")
    longer, _ = place.train(replace(TINY, epochs=10_000, minutes=0.02), run="timed")
    assert timed.is_finished
    assert longer.is_finished
    assert longer.state.step > timed.state.step
    assert longer.state.elapsed_s >= 0.9 * 60 * 0.02
    saved = TrainConfig.from_json((place.folder / "timed" / CONFIG_FILE).read_text())
    assert saved.minutes == 0.02


def test_the_record_says_where_a_training_came_from(place):
    place.train(stop_after=3)
    place.train(stop_after=2)
    record = json.loads((place.folder / "run" / RECORD_FILE).read_text())
    assert record["seed"] == TINY.seed
    assert {"dataset.json", "topology.npz", "a/front.mp4", "v/points.pc2"} <= record["data"].keys()
    assert [session["step"] for session in record["sessions"]] == [0, 3]
    assert record["sessions"][0]["packages"].keys() >= {"livedouble", "torch", "numpy"}


def test_curves_are_there_for_tensorboard(place):
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator", reason="no tensorboard")
    place.train(replace(TINY, epochs=1))
    curves = events.EventAccumulator(str(place.folder / "run" / TENSORBOARD_FOLDER)).Reload()
    names = {
        "loss/training_cm2",
        "learning_rate",
        "samples_per_s",
        "validation/rmse_mm",
        "validation/mean_face_rmse_mm",
    }
    assert set(curves.Tags()["scalars"]) == names
    assert [event.step for event in curves.Scalars("loss/training_cm2")] == list(range(1, 13))


def test_without_tensorboard_a_training_says_so_and_trains(place, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    outcome, listener = place.train(replace(TINY, epochs=1))
    assert outcome.is_finished
    assert any("pip install tensorboard" in line for line in listener.lines)
    assert not (place.folder / "run" / TENSORBOARD_FOLDER).exists()


def test_validation_pictures_show_frames_truth_and_result(place):
    try:
        Offscreen(16, 16).release()
    except LiveDoubleError as error:
        pytest.skip(f"no pictures: {error.reason}")
    place.train(replace(TINY, epochs=1))
    picture = cv2.imread(str(place.folder / "run" / PICTURES_FILE))
    assert picture.shape == (4 * (26 + 320), 3 * 240, 3)
    seen, truth, solved = np.split(picture[26:346].astype(int), 3, axis=1)
    assert seen.std() > 5
    assert truth.std() > 5
    assert np.abs(truth - solved).max() > 5  # two poses, not one drawn twice


@pytest.mark.parametrize(
    ("exhaust", "whose"),
    [
        (lambda: torch.empty(1 << 50), "machine"),
        (lambda: np.ones((1 << 48,), np.uint8), "machine"),
        (lambda: raise_out_of_gpu_memory(), "GPU"),
    ],
    ids=["torch", "numpy", "cuda"],
)
def test_memory_that_runs_out_is_said_in_one_line_and_the_checkpoint_stays(place, exhaust, whose):
    place.train(stop_after=3)
    before = (place.folder / "run" / LAST_FILE).read_bytes()
    watch = Watch(lambda _: None, lambda *_: None, lambda _: exhaust(), lambda: False)
    with pytest.raises(LiveDoubleError, match=f"memory of the {whose} is full.*checkpoint is kept") as caught:
        train(place.data, TINY, place.folder / "run", choose_compute("cpu", 1), place.data.folder / ".crops", watch)
    assert "--batch" in caught.value.recovery
    assert (place.folder / "run" / LAST_FILE).read_bytes() == before


def raise_out_of_gpu_memory():
    """What torch raises when a GPU's memory is full; a processor cannot fill it."""
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def test_a_loss_that_is_no_number_is_found_between_two_readings(place):
    config = replace(TINY, learning_rate=1e30, ramp_up_from=1e-33, ramp_up_part=1.0)
    train_held(place, "run", config, stop_after=1)
    before = (place.folder / "run" / LAST_FILE).read_bytes()
    with pytest.raises(LiveDoubleError, match="diverged"):
        train_held(place, "run", config, steps_a_reading=16)
    assert (place.folder / "run" / LAST_FILE).read_bytes() == before


@pytest.mark.parametrize("name", [METRICS_FILE, PICTURES_FILE])
def test_a_disk_that_fills_while_the_diary_is_written_is_said(place, name):
    """A folder in the place of a file stands for a disk that refuses it."""
    place.train(stop_after=3)
    (place.folder / "run" / name).unlink(missing_ok=True)
    (place.folder / "run" / name).mkdir()
    with pytest.raises(StorageError, match=name):
        place.train(replace(TINY, validation_minutes=1e-9))
    assert Checkpoint.load(place.folder / "run" / LAST_FILE).state.step >= 3
