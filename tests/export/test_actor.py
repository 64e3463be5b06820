from dataclasses import replace

import numpy as np
import pytest

from engine.bundle import FACTS_FILE, SKIN_FILE, ActorBundle
from engine.errors import LiveDoubleError, ShotError, StorageError
from engine.views import FRONT, View
from export.network import actor as actor_module
from export.network.actor import export_actor
from tests.training.tiny_data import CROP, FRAME_HEIGHT_PX, FRAME_WIDTH_PX, NUM_VERTICES, write_tiny_data
from training.run_folder import data_checksum


@pytest.fixture
def export(checkpoint, data, tmp_path):
    def export(**changes):
        arguments = {"checkpoint": checkpoint, "data": data, "out": tmp_path / "actor", "name": "tiny"} | changes
        return export_actor(cache=data.folder / ".crops", **arguments)

    return export


def test_an_exported_actor_opens_with_all_its_facts(export, checkpoint):
    exported = export()
    bundle = ActorBundle.open(exported.folder)
    assert (bundle.name, bundle.crop) == ("tiny", CROP)
    assert bundle.views == (View(FRONT, CROP, (FRAME_WIDTH_PX, FRAME_HEIGHT_PX)),)
    assert bundle.has_errors
    assert bundle.topology.num_vertices == NUM_VERTICES
    assert bundle.facts.network.weights == "float16"
    assert bundle.skin_path.read_bytes() == b"a texture"
    assert bundle.training["frames"] == 60
    assert bundle.training["epochs"] == 8
    assert bundle.training["data_checksum"] == checkpoint.facts.data_checksum
    assert bundle.training["config"]["batch_size"] == 5
    assert exported.num_bytes == sum(path.stat().st_size for path in exported.folder.iterdir())


def test_its_metrics_are_those_of_the_exported_network_on_every_validation_frame(export):
    exported = export()
    metrics = ActorBundle.open(exported.folder).metrics
    assert metrics["validation_frames"] == 15
    assert metrics["rmse_mm"] == exported.evaluation.rmse_mm > 0
    assert metrics["mean_face_rmse_mm"] > metrics["rmse_mm"]
    assert metrics["lips_mm"] > 0
    assert 0 < metrics["disagreement_mm"] <= 0.05


def test_it_may_be_measured_on_another_film_of_the_same_actor(export, data, checkpoint, tmp_path_factory):
    other = write_tiny_data(tmp_path_factory.mktemp("other") / "tiny", 20)
    bundle = ActorBundle.open(export(measured_on=other).folder)
    assert bundle.metrics["validation_frames"] == 10
    assert bundle.training["data_checksum"] == checkpoint.facts.data_checksum == data_checksum(data)
    assert bundle.training["measured_on"] == data_checksum(other) != data_checksum(data)


def test_it_is_not_measured_on_another_mesh(export, data):
    faces = data.topology.faces[::-1]
    other = replace(data, topology=replace(data.topology, faces=faces))
    with pytest.raises(ShotError, match="another mesh"):
        export(measured_on=other)


def test_float32_weights_agree_closer(export, tmp_path):
    half = export()
    full = export(out=tmp_path / "full", weights="float32")
    assert full.disagreement_mm < half.disagreement_mm
    assert full.num_bytes > half.num_bytes


def test_progress_counts_every_validation_frame(export):
    steps = []
    export(progress=steps.append)
    assert sum(steps) == 15


def test_nothing_is_left_beside_the_actor(export, tmp_path):
    export()
    assert [path.name for path in tmp_path.iterdir()] == ["actor"]


def test_an_export_that_disagrees_is_refused_and_leaves_nothing(export, checkpoint, tmp_path, monkeypatch):
    write = actor_module.write_graph

    def write_another_network(network, folder, **options):
        network.to_vertices.bias.data += 0.01  # 0.1 mm along each axis
        write(network, folder, **options)

    monkeypatch.setattr(actor_module, "write_graph", write_another_network)
    with pytest.raises(LiveDoubleError, match=r"0\.1[67]\d mm away"):
        export()
    assert list(tmp_path.iterdir()) == []


def test_vertices_that_are_no_numbers_are_refused(export, checkpoint, tmp_path):
    weights = checkpoint.network | {"to_latents.bias": checkpoint.network["to_latents.bias"] * np.nan}
    with pytest.raises(LiveDoubleError, match="nan mm away"):
        export(checkpoint=replace(checkpoint, network=weights))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_not_overwritten(export, tmp_path):
    (tmp_path / "actor").mkdir()
    (tmp_path / "actor" / "thesis.txt").write_text("years of work")
    for may_replace in (False, True):
        with pytest.raises(StorageError, match="exists already"):
            export(may_replace=may_replace)
    assert (tmp_path / "actor" / "thesis.txt").read_text() == "years of work"


def test_an_actor_is_replaced_on_demand(export):
    first = export()
    before = (first.folder / FACTS_FILE).read_text()
    export(name="other", may_replace=True)
    assert (first.folder / FACTS_FILE).read_text() != before
    assert ActorBundle.open(first.folder).name == "other"
    assert (first.folder / SKIN_FILE).is_file()


def test_other_data_than_the_trainings_are_refused(export, tmp_path_factory):
    other = write_tiny_data(tmp_path_factory.mktemp("other") / "tiny", 20)
    with pytest.raises(LiveDoubleError, match="not what the network was trained on"):
        export(data=other)


def test_a_folder_that_holds_more_than_an_actor_is_never_replaced(export, tmp_path):
    folder = export().folder
    (folder / "holiday.jpg").write_bytes(b"precious")
    with pytest.raises(StorageError, match=r"more than an actor \(holiday\.jpg\)"):
        export(may_replace=True)
    assert (folder / "holiday.jpg").read_bytes() == b"precious"
    assert [path.name for path in tmp_path.iterdir()] == ["actor"]
