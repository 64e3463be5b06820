"""Starting from an earlier network: all of it, or a refusal."""

import json
import shutil
from dataclasses import replace

import pytest
import torch

from engine.bundle import NETWORK_FILE, ActorBundle, sha256_of
from engine.errors import LiveDoubleError
from engine.preparation import Preparation
from export.network.actor import export_actor
from tests.training.place import Place
from tests.training.tiny_data import TINY
from training.checkpoint import BEST_FILE, LAST_FILE, Checkpoint
from training.earlier import open_earlier
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


def start(folder, config, topology):
    network, earlier = fresh(config, topology.num_vertices), open_earlier(folder)
    earlier.check(config, topology)
    earlier.give(network)
    return network


@pytest.mark.parametrize("folder", ["run", "actor"])
def test_every_weight_is_taken_over_from_a_training_and_from_an_actor(trained, folder):
    place, checkpoint = trained
    network = start(place.folder / folder, TINY, place.data.topology)
    for name, values in checkpoint.network.items():
        assert torch.equal(network.state_dict()[name], values), name


def test_a_new_face_keeps_its_own_mean_and_whitening(trained):
    place, checkpoint = trained
    network, own = fresh(), {"to_vertices.bias", "pixel_mean", "pixel_deviation"}
    before = {name: values.clone() for name, values in network.state_dict().items()}
    open_earlier(place.folder / "run").give(network, is_new_face=True)
    for name, values in network.state_dict().items():
        assert torch.equal(values, before[name] if name in own else checkpoint.network[name]), name
    with pytest.raises(LiveDoubleError, match="is_new_face"):
        replace(TINY, is_new_face=True)


def test_a_training_begins_where_the_earlier_one_ended_and_says_so(trained):
    place, checkpoint = trained
    config = replace(TINY, start_from=str(place.folder / "actor"), epochs=0.1, learning_rate=1e-9)
    outcome, listener = place.train(config, run="second")
    assert outcome.state.best_rmse_mm == pytest.approx(checkpoint.state.best_rmse_mm, rel=1e-3)
    assert any("Starting from tiny" in line for line in listener.lines)
    facts = Checkpoint.load(place.folder / "second" / LAST_FILE).facts.earlier
    assert (facts.name, facts.num_frames, facts.epochs) == ("tiny", 60, 4.0)
    assert facts.sha256 == sha256_of(place.folder / "actor" / NETWORK_FILE)


def test_a_training_that_goes_on_does_not_start_from_the_earlier_one_again(trained, tmp_path):
    place, _ = trained
    shutil.copytree(place.folder / "run", tmp_path / "earlier")
    config = replace(TINY, start_from=str(tmp_path / "earlier"), seed=2)
    place.train(config, run="whole")
    place.train(config, run="parts", stop_after=20)
    shutil.rmtree(tmp_path / "earlier")  # nor does it need it
    place.train(config, run="parts")
    whole, parts = (Checkpoint.load(place.folder / run / LAST_FILE) for run in ("whole", "parts"))
    for name, values in whole.network.items():
        assert torch.allclose(values, parts.network[name], rtol=1e-4, atol=1e-6), name
    assert whole.facts.earlier == parts.facts.earlier is not None


def test_a_training_goes_on_where_its_earlier_one_lies_elsewhere_but_not_with_another(trained, tmp_path):
    place, _ = trained
    shutil.copytree(place.folder / "run", tmp_path / "moved")
    config = replace(TINY, start_from=str(place.folder / "run"), seed=3)
    place.train(config, run="moved", stop_after=20)
    outcome, _ = place.train(replace(config, start_from=str(tmp_path / "moved")), run="moved")
    assert outcome.is_finished
    for other in (str(place.folder / "actor"), None):
        with pytest.raises(LiveDoubleError, match="other settings") as caught:
            place.train(replace(config, start_from=other), run="moved")
        assert "start_from" in caught.value.reason


def test_an_exported_actor_tells_what_it_began_with_but_no_path(trained):
    place, _ = trained
    config = replace(TINY, start_from=str(place.folder / "run"), epochs=1)
    place.train(config, run="third")
    checkpoint = Checkpoint.load(place.folder / "third" / BEST_FILE)
    cache = place.data.folder / ".crops"
    export_actor(checkpoint, place.data, place.folder / "third-actor", cache, name="tiny")
    told = ActorBundle.open(place.folder / "third-actor").training
    assert told["earlier"]["name"] == "run"
    assert str(place.folder) not in json.dumps(told)


def test_expected_errors_alone_may_be_missing(trained):
    place, checkpoint = trained
    without = start(place.folder / "run", replace(TINY, has_uncertainty=False), place.data.topology)
    assert torch.equal(without.to_latents.weight, checkpoint.network["to_latents.weight"])


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (replace(TINY, stages=((6, 6), (9, 9))), "encoder.towers.0.4.bias is (8,) there, (9,) here"),
        (replace(TINY, input_width_px=48), "its input: 24x32 there, 48x32 here"),
        (replace(TINY, views=("side",)), "its cameras: front there, side here"),
    ],
)
@pytest.mark.parametrize("folder", ["run", "actor"])
def test_another_network_is_refused(trained, folder, config, says):
    place, _ = trained
    with pytest.raises(LiveDoubleError, match="another one than the settings ask for") as caught:
        start(place.folder / folder, config, place.data.topology)
    assert says in caught.value.reason


def test_who_sees_heads_move_sees_them_still_but_not_the_other_way_round(trained):
    place, _ = trained
    moving = open_earlier(place.folder / "run")
    moving.check(replace(TINY, is_stabilised=True), place.data.topology)
    still = replace(moving, preparation=Preparation.STABILISED)
    with pytest.raises(LiveDoubleError, match="its preparation of pictures: stabilised there, crop here"):
        still.check(TINY, place.data.topology)


def test_what_is_no_network_is_refused(tmp_path):
    with pytest.raises(LiveDoubleError, match="neither a training that was validated nor an actor"):
        open_earlier(tmp_path)


def test_an_actor_of_another_mesh_is_refused(trained):
    place, _ = trained
    other = replace(place.data.topology, faces=place.data.topology.faces[:, [1, 0, 2]])
    with pytest.raises(LiveDoubleError, match="another mesh"):
        start(place.folder / "actor", TINY, other)
