"""Starting from an earlier network: all of it, or a refusal."""

import re
from dataclasses import replace

import pytest
import torch

from engine.errors import LiveDoubleError
from export.network.actor import export_actor
from tests.training.place import Place
from tests.training.tiny_data import TINY
from training.checkpoint import BEST_FILE, Checkpoint
from training.earlier import start_from
from training.networks import FaceNetwork, NetworkShape


@pytest.fixture(scope="module")
def trained(sixty_frames, tmp_path_factory):
    place = Place(sixty_frames, tmp_path_factory.mktemp("earlier"))
    place.train()
    checkpoint = Checkpoint.load(place.folder / "run" / BEST_FILE)
    cache = place.data.folder / ".crops"
    export_actor(checkpoint, place.data, place.folder / "actor", cache, name="tiny", weights="float32")
    return place, checkpoint


def fresh(config=TINY, num_vertices=40):
    return FaceNetwork(NetworkShape.of(config, 8, num_vertices))


@pytest.mark.parametrize("folder", ["run", "actor"])
def test_every_weight_is_taken_over_from_a_training_and_from_an_actor(trained, folder):
    place, checkpoint = trained
    network = fresh()
    start_from(network, place.folder / folder, place.data.topology)
    for name, values in checkpoint.network.items():
        assert torch.equal(network.state_dict()[name], values), name


def test_a_training_begins_where_the_earlier_one_ended(trained):
    place, checkpoint = trained
    config = replace(TINY, start_from=str(place.folder / "actor"), epochs=0.1, learning_rate=1e-9)
    outcome, listener = place.train(config, run="second")
    assert outcome.state.best_rmse_mm == pytest.approx(checkpoint.state.best_rmse_mm, rel=1e-3)
    assert any("Starting from the actor tiny" in line for line in listener.lines)


def test_expected_errors_alone_may_be_missing(trained):
    place, checkpoint = trained
    without = fresh(replace(TINY, has_uncertainty=False))
    start_from(without, place.folder / "run", place.data.topology)
    assert torch.equal(without.to_latents.weight, checkpoint.network["to_latents.weight"])


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (replace(TINY, stages=((6, 6), (9, 9))), r"encoder.towers.0.4.bias is \(8,\) there, \(9,\) here"),
        (replace(TINY, input_width_px=48), "to_errors.hidden.weight"),
        (replace(TINY, views=("front", "side")), "encoder.towers.1.0.bias is missing there"),
    ],
)
@pytest.mark.parametrize("folder", ["run", "actor"])
def test_another_network_is_refused(trained, folder, config, says):
    place, _ = trained
    with pytest.raises(LiveDoubleError, match="another one than the settings ask for") as caught:
        start_from(fresh(config), place.folder / folder, place.data.topology)
    assert re.search(says, caught.value.reason)


def test_what_is_no_network_is_refused(trained, tmp_path):
    place, _ = trained
    with pytest.raises(LiveDoubleError, match="neither a training nor an actor"):
        start_from(fresh(), tmp_path, place.data.topology)


def test_an_actor_of_another_mesh_is_refused(trained):
    place, _ = trained
    other = replace(place.data.topology, faces=place.data.topology.faces[:, [1, 0, 2]])
    with pytest.raises(LiveDoubleError, match="another mesh"):
        start_from(fresh(), place.folder / "actor", other)
