import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.bundle import ActorBundle, BundleFacts, Int8Facts, sha256_of
from engine.errors import ActorError
from engine.views import View
from tests.fakes import TINY_CROP, change_facts, tiny_bundle


@pytest.fixture
def folder(tiny: ActorBundle, tmp_path: Path) -> Path:
    """A copy of the small actor that a test may damage."""
    return Path(shutil.copytree(tiny.folder, tmp_path / "actor"))


def refusal(folder: Path) -> str:
    with pytest.raises(ActorError) as caught:
        ActorBundle.open(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_facts_survive_the_way_through_their_file(tiny: ActorBundle) -> None:
    again = BundleFacts.from_json(tiny.facts.to_json())
    assert again.to_json() == tiny.facts.to_json()
    assert again.views == tiny.views
    assert again.network == tiny.facts.network


def test_an_actor_of_the_first_version_saw_one_camera_and_foretold_no_errors(folder: Path) -> None:
    values = json.loads((folder / "bundle.json").read_text("utf-8"))
    (view,) = values.pop("views")
    del values["network"]["has_errors"], values["network"]["preparation"]
    values |= {"crop": view["crop"], "frame_size": view["frame_size"]}
    (folder / "bundle.json").write_text(json.dumps(values), "utf-8")
    bundle = ActorBundle.open(folder)
    assert bundle.views == (View("front", TINY_CROP, (300, 400)),)
    assert not bundle.has_errors


def test_several_cameras_keep_their_order_and_what_they_see(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="the small network is made with the onnx package")
    bundle = tiny_bundle(tmp_path / "actor", cameras=("front", "side"), has_errors=True)
    assert [view.camera for view in BundleFacts.from_json(bundle.facts.to_json()).views] == ["front", "side"]
    assert bundle.input_shape == (2, 320, 240)
    assert bundle.has_errors


def test_the_checksum_is_of_the_network(tiny: ActorBundle) -> None:
    assert tiny.checksum == sha256_of(tiny.network_path)


def test_a_network_in_int8_comes_with_its_cost_and_its_checksum(tiny: ActorBundle, folder: Path) -> None:
    assert tiny.int8 is None
    with pytest.raises(ActorError, match="tiny has no network in int8"):
        tiny.network_in("int8")
    cost = Int8Facts(rms_mm=0.02, worst_mm=0.3, rmse_growth=-0.001, num_frames=1800)
    (folder / "network.int8.onnx").write_bytes(b"8 bits")
    files = dict(tiny.facts.files) | {"network.int8.onnx": sha256_of(folder / "network.int8.onnx")}
    (folder / "bundle.json").write_text(replace(tiny.facts, files=files, int8=cost).to_json(), "utf-8")
    bundle = ActorBundle.open(folder)
    assert bundle.int8 == cost
    assert bundle.network_in("int8") == folder / "network.int8.onnx"
    assert bundle.network_in("float32") == bundle.network_in("bfloat16") == bundle.network_path
    (folder / "network.int8.onnx").write_bytes(b"8 bit")
    assert "network.int8.onnx was changed or cut off" in refusal(folder)
    change_facts(folder, files=dict(tiny.facts.files))
    assert "lists no checksum of network.int8.onnx" in refusal(folder)


def test_vertices_are_the_mean_plus_the_weighted_basis(tiny: ActorBundle) -> None:
    latents = np.zeros((2, 3, tiny.num_latents), np.float32)
    latents[1, 2, 7] = 2.0
    vertices = tiny.vertices(latents)
    assert vertices.shape == (2, 3, tiny.topology.num_vertices, 3)
    assert vertices.dtype == np.float32
    np.testing.assert_array_equal(vertices[0, 0].ravel(), tiny.mean)
    np.testing.assert_allclose(vertices[1, 2].ravel(), tiny.mean + 2 * tiny.basis[7], rtol=1e-6)


def test_float32_storage_opens_as_well(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="the small network is made with the onnx package")
    bundle = tiny_bundle(tmp_path / "actor", weights="float32")
    assert bundle.basis.dtype == np.float32


def test_arrays_cannot_be_written_to(tiny: ActorBundle) -> None:
    for array in (tiny.basis, tiny.mean):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert "no actor" in refusal(tmp_path / "nobody")


def test_a_folder_without_facts_is_not_an_actor(tmp_path: Path) -> None:
    assert "is not an actor" in refusal(tmp_path)


@pytest.mark.parametrize("text", ["", "not json", "[]", "{}", '{"schema": 1}', "null", "3"])
def test_facts_that_are_no_facts_are_refused(folder: Path, text: str) -> None:
    (folder / "bundle.json").write_text(text)
    assert "bundle.json is not an actor's" in refusal(folder)


def test_another_schema_is_refused_by_its_number(folder: Path) -> None:
    change_facts(folder, schema=2)
    assert "of schema 2, this version reads 1" in refusal(folder)


@pytest.mark.parametrize("name", ["network.onnx", "basis.bin", "mean.bin", "topology.npz"])
def test_a_file_that_was_cut_off_is_named(folder: Path, name: str) -> None:
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: len(data) // 2])
    assert f"{name} was changed or cut off" in refusal(folder)


def test_one_changed_byte_is_found(folder: Path) -> None:
    data = bytearray((folder / "basis.bin").read_bytes())
    data[100] ^= 1
    (folder / "basis.bin").write_bytes(data)
    assert "basis.bin was changed" in refusal(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "mean.bin").unlink()
    assert "lacks its mean.bin" in refusal(folder)


def test_a_file_without_checksum_is_refused(folder: Path, tiny: ActorBundle) -> None:
    change_facts(folder, files={name: sum_ for name, sum_ in tiny.facts.files.items() if name != "network.onnx"})
    assert "lists no checksum of network.onnx" in refusal(folder)


def test_a_file_outside_the_folder_is_refused(folder: Path, tiny: ActorBundle) -> None:
    change_facts(folder, files={**tiny.facts.files, "../secret": "0" * 64})
    assert "not a file inside it" in refusal(folder)


def test_a_promised_skin_must_be_there(folder: Path, tiny: ActorBundle) -> None:
    network = BundleFacts.from_json(tiny.facts.to_json()).network
    change_facts(
        folder,
        network={
            "num_latents": network.num_latents,
            "num_vertices": network.num_vertices,
            "input_size": list(network.input_size),
            "num_parameters": network.num_parameters,
            "weights": network.weights,
            "has_skin": True,
        },
    )
    assert "skin.jpg" in refusal(folder)


def test_a_basis_of_another_size_is_refused_even_with_its_right_checksum(folder: Path, tiny: ActorBundle) -> None:
    (folder / "basis.bin").write_bytes(b"\0" * 64)
    change_facts(folder, files={**tiny.facts.files, "basis.bin": sha256_of(folder / "basis.bin")})
    assert "64 bytes where 48000 are expected" in refusal(folder)


def test_a_topology_of_another_mesh_is_refused(folder: Path, tiny: ActorBundle) -> None:
    network = {
        "num_latents": 160,
        "num_vertices": 49,
        "input_size": [240, 320],
        "num_parameters": 1,
        "weights": "float16",
        "has_skin": False,
    }
    change_facts(folder, network=network)
    assert "50 vertices in topology.npz and 49" in refusal(folder)
