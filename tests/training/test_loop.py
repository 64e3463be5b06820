import resource
from dataclasses import replace

import pytest
import torch

from engine.errors import LiveDoubleError, StorageError
from engine.shots import Role
from tests.training.place import Place
from tests.training.tiny_data import TINY, write_tiny_data
from training.checkpoint import BEST_FILE, LAST_FILE, Checkpoint
from training.config import CONFIG_FILE
from training.device import choose_compute
from training.diary import METRICS_FILE, PICTURES_FILE, TENSORBOARD_FOLDER
from training.run_folder import RECORD_FILE


def test_the_network_learns_what_it_is_shown(place):
    outcome, _ = place.train(replace(TINY, epochs=40, learning_rate=3e-3))
    rows = place.rows()
    assert outcome.is_finished
    assert float(rows[-1]["validation_rmse_mm"]) < 0.4 * float(rows[-1]["mean_face_rmse_mm"])


def test_a_stopped_training_that_goes_on_equals_one_that_never_stopped(place):
    whole, _ = place.train(run="whole")
    stopped, _ = place.train(run="parts", stop_after=17)
    rest, listener = place.train(run="parts")
    assert not stopped.is_finished
    assert stopped.state.step == 17
    assert rest.is_finished
    assert rest.state.step == whole.state.step == 4 * 60 // 5
    assert any("step 17" in line for line in listener.lines)
    one, other = (Checkpoint.load(place.folder / run / LAST_FILE).network for run in ("whole", "parts"))
    for name, weights in one.items():
        assert torch.allclose(weights, other[name], rtol=1e-4, atol=1e-6), name


def test_a_finished_training_is_not_trained_again(place):
    place.train()
    outcome, listener = place.train()
    assert outcome.is_finished
    assert listener.statuses == []


def test_the_run_folder_holds_settings_checkpoints_and_figures(place):
    outcome, _ = place.train()
    names = {path.name for path in (place.folder / "run").iterdir()}
    assert names - {PICTURES_FILE} == {
        CONFIG_FILE,
        RECORD_FILE,
        LAST_FILE,
        BEST_FILE,
        METRICS_FILE,
        TENSORBOARD_FOLDER,
    }
    best, last = (Checkpoint.load(place.folder / "run" / name) for name in (BEST_FILE, LAST_FILE))
    assert best.state.best_rmse_mm == outcome.state.best_rmse_mm
    assert best.optimizer is None
    assert last.optimizer is not None
    assert last.facts.num_training_frames == 60
    assert last.config == TINY


def test_validation_and_checkpoints_come_by_the_clock_too(place):
    config = replace(TINY, validation_minutes=1e-9, checkpoint_minutes=1e-9)
    _, listener = place.train(config)
    rows = place.rows()
    assert len(rows) == len(listener.statuses) == 48


def test_rows_written_after_the_last_checkpoint_are_dropped_on_going_on(place):
    config = replace(TINY, validation_minutes=1e-9)
    place.train(config, stop_after=9)
    with (place.folder / "run" / METRICS_FILE).open("a") as file:
        file.write("10,0.8,1.0,1e-3,0.1,3.0,4.0\n")
    place.train(config)
    rows = place.rows()
    assert [int(row["step"]) for row in rows] == list(range(1, 49))


def test_against_a_clock_the_plan_ends_with_the_learning_rate_at_zero(place):
    config = replace(TINY, epochs=10_000, minutes=0.02)
    outcome, listener = place.train(config)
    assert outcome.is_finished
    assert outcome.state.step == outcome.state.total_steps < 10_000 * 12
    assert listener.statuses[-1].left_s == 0.0
    assert all(status.left_s <= 60 * config.minutes for status in listener.statuses)  # from the first step on
    last = Checkpoint.load(place.folder / "run" / LAST_FILE)
    # A machine that stalls ends the plan early, so not quite zero; without the ramp-down it would be 0.3 and more.
    assert last.optimizer["param_groups"][0]["lr"] < 0.15 * TINY.learning_rate


def test_a_training_with_other_settings_is_not_mixed_in(place):
    place.train(stop_after=2)
    with pytest.raises(LiveDoubleError, match=r"learning_rate 0\.001 -> 0\.002"):
        place.train(replace(TINY, learning_rate=0.002))


def test_a_training_with_other_data_is_not_mixed_in(place):
    place.train(stop_after=2)
    other = write_tiny_data(place.folder / "other", 31)
    with pytest.raises(LiveDoubleError, match="the data set's content"):
        Place(other, place.folder).train()


def test_a_loss_that_is_no_number_stops_the_training_and_keeps_the_checkpoint(place):
    config = replace(TINY, learning_rate=1e30, ramp_up_from=1e-33, ramp_up_part=1.0)
    place.train(config, stop_after=2)
    before = (place.folder / "run" / LAST_FILE).read_bytes()
    with pytest.raises(LiveDoubleError, match="diverged"):
        place.train(config)
    assert (place.folder / "run" / LAST_FILE).read_bytes() == before


def test_a_full_disk_is_said_and_the_last_checkpoint_stays(place):
    place.train(stop_after=3)
    path = place.folder / "run" / LAST_FILE
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        with pytest.raises(StorageError, match=LAST_FILE):
            place.train(stop_after=3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert Checkpoint.load(path).state.step == 3
    assert not list(path.parent.glob("*.partial"))


@pytest.mark.parametrize("role", ["training", "validation"])
def test_a_data_set_without_shots_of_a_role_is_refused(place, role):
    shots = tuple(s for s in place.data.shots if (s.facts.role == Role.VALIDATION) == (role == "training"))
    with pytest.raises(LiveDoubleError, match=f"no {role} shot"):
        Place(replace(place.data, shots=shots), place.folder).train()


def test_a_damaged_checkpoint_is_named(place):
    place.train(stop_after=1)
    path = place.folder / "run" / LAST_FILE
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(LiveDoubleError, match="cannot be read"):
        place.train()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_training_on_a_device_that_is_not_there_is_refused():
    with pytest.raises(LiveDoubleError, match="no CUDA device"):
        choose_compute("cuda")


def test_a_device_nobody_knows_is_refused():
    with pytest.raises(LiveDoubleError, match="abacus"):
        choose_compute("abacus")
