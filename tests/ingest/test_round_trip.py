"""What is written in a studio's format and ingested again is equal."""

from pathlib import Path

import numpy as np
import pytest

from engine.mesh import Topology
from engine.shots import DataSet, Role
from engine.space import LengthUnit, UpAxis
from export.take.sequence import Placement, open_sequence
from export.take.write import Format, num_bytes_needed, write_sequence
from tests.ingest.head import JAW, NUM_FRAMES, head, performance, request, sequence, write_cache
from training.ingest.open_points import open_points
from training.ingest.plan import plan_ingest
from training.ingest.take_in import take_in

_MODULES = {Format.ABC: "alembic3d", Format.USD: "pxr", Format.USDA: "pxr"}
_WITH_FACES = (Format.ABC, Format.USD, Format.USDA, Format.OBJ, Format.NPZ)
_WITH_TIMECODE = (Format.ABC, Format.USD, Format.USDA, Format.NPZ)


def _needs(kind: Format) -> None:
    if kind in _MODULES:
        pytest.importorskip(_MODULES[kind], reason="the `formats` extra is not installed")


@pytest.fixture
def topology_file(tmp_path: Path) -> Path:
    path = tmp_path / "actor.npz"
    head().save(path)
    return path


@pytest.mark.parametrize("kind", list(Format))
def test_every_point_cache_comes_back_bit_for_bit(
    kind: Format, tmp_path: Path, movie: Path, topology_file: Path
) -> None:
    _needs(kind)
    cache = write_cache(tmp_path, kind)
    given = {} if kind in _WITH_FACES else {"topology": topology_file}
    ingested = take_in(plan_ingest(request(tmp_path, movie, cache, **given)), lambda _: None)
    np.testing.assert_array_equal(ingested.shot.vertices(), performance())
    data = DataSet.open(tmp_path / "data")
    np.testing.assert_array_equal(data.topology.faces, head().faces)
    np.testing.assert_array_equal(data.topology.uv[data.topology.uv_faces], head().uv[head().uv_faces])
    np.testing.assert_array_equal(data.topology.neutral, head().neutral)
    assert str(data.shots[0].timecode) == "01:00:00:00"


@pytest.mark.parametrize("kind", list(Format))
@pytest.mark.parametrize("placement", [Placement(LengthUnit.M, UpAxis.Z, 1001), Placement(LengthUnit.IN, UpAxis.Y, 0)])
def test_other_units_and_axes_come_back_to_a_ten_thousandth_of_a_millimetre(
    kind: Format, placement: Placement, tmp_path: Path, movie: Path, topology_file: Path
) -> None:
    _needs(kind)
    cache = write_cache(tmp_path, kind, placement=placement)
    plan = plan_ingest(request(tmp_path, movie, cache, topology=topology_file))
    assert (plan.space.unit, plan.space.up) == (placement.unit, placement.up)
    for index in (0, 5, 9):
        found = plan.space.to_house(plan.points.frame(index))
        np.testing.assert_allclose(found, performance()[index], atol=1e-5)


@pytest.mark.parametrize("kind", _WITH_TIMECODE)
def test_a_format_that_holds_rate_timecode_unit_and_axes_keeps_them(kind: Format, tmp_path: Path) -> None:
    _needs(kind)
    facts = open_points(write_cache(tmp_path, kind, placement=Placement(LengthUnit.MM, UpAxis.Z, 17))).facts
    assert (facts.rate, facts.timecode, facts.number) == (30, "01:00:00:00", 17)
    assert (facts.unit, facts.up) == (LengthUnit.MM, UpAxis.Z)


@pytest.mark.parametrize("kind", _WITH_FACES)
def test_a_cache_with_faces_begins_a_data_set_by_itself(kind: Format, tmp_path: Path, movie: Path) -> None:
    _needs(kind)
    take_in(plan_ingest(request(tmp_path, movie, write_cache(tmp_path, kind))), lambda _: None)
    topology = DataSet.open(tmp_path / "data").topology
    np.testing.assert_array_equal(topology.faces, head().faces)
    np.testing.assert_array_equal(topology.sets["animated"], JAW)


def test_an_ingested_shot_can_be_converted_and_ingested_again(tmp_path: Path, movie: Path) -> None:
    first = request(tmp_path, movie, write_cache(tmp_path))
    take_in(plan_ingest(first), lambda _: None)
    again = open_sequence(tmp_path / "data" / "001_pangrams", None)
    assert again.faces is not None
    write_sequence(tmp_path / "again.pc2", again, Format.PC2, Placement(), lambda _: None)
    second = request(tmp_path, movie, tmp_path / "again.pc2", Role.VALIDATION, crops={})
    take_in(plan_ingest(second), lambda _: None)
    shots = DataSet.open(tmp_path / "data").shots
    assert [shot.facts.name for shot in shots] == ["001_pangrams", "002_validation"]
    np.testing.assert_array_equal(shots[0].vertices(), shots[1].vertices())


def test_a_packed_shot_and_a_solved_movie_are_point_caches_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    latents, basis = rng.normal(size=(4, 3)).astype(np.float32), rng.normal(size=(3, 18)).astype(np.float32)
    mean = np.zeros(18, np.float32)
    np.savez(tmp_path / "solved.npz", latents=latents, basis=basis, mean=mean, rate=np.array([25, 1]))
    source = open_points(tmp_path / "solved.npz")
    assert (source.facts.num_frames, source.facts.num_vertices, source.facts.rate) == (4, 6, 25)
    np.testing.assert_array_equal(source.frame(2), (latents[2] @ basis).reshape(-1, 3))


def test_a_topology_of_quads_gives_the_same_head(tmp_path: Path, movie: Path) -> None:
    path = tmp_path / "box.obj"
    corners = np.array([[x, y, z] for x in (-8, 8) for y in (-12, 12) for z in (-10, 10)], np.float32)
    text = "".join(f"v {x} {y} {z}\n" for x, y, z in corners)
    quads = ("1 2 4 3", "5 7 8 6", "1 5 6 2", "3 4 8 7", "1 3 7 5", "2 6 8 4")
    path.write_text(text + "g lips\nf 2 6 8 4\ng\n" + "".join(f"f {quad}\n" for quad in quads[:-1]), "utf-8")
    vertices = np.repeat(corners[None], NUM_FRAMES, axis=0)
    np.save(tmp_path / "box.npy", vertices)
    plan = plan_ingest(request(tmp_path, movie, tmp_path / "box.npy", topology=path))
    assert isinstance(plan.topology, Topology)
    assert plan.topology.faces.shape == (12, 3)
    np.testing.assert_array_equal(plan.topology.sets["lips"], [1, 3, 5, 7])


@pytest.mark.parametrize("kind", list(Format))
@pytest.mark.parametrize("unit", list(LengthUnit))
def test_the_size_told_before_writing_is_about_the_size_written(kind: Format, unit: LengthUnit, tmp_path: Path) -> None:
    _needs(kind)
    meshes = sequence(performance(120))
    size = write_sequence(tmp_path / f"a.{kind}", meshes, kind, Placement(unit), lambda _: None)
    assert 0.75 * size < num_bytes_needed(meshes, kind) < 2 * size


def test_named_vertex_sets_come_back_from_npz(tmp_path: Path, movie: Path) -> None:
    topology = head()
    topology.sets["lips"] = JAW  # type: ignore[index]
    topology.save(tmp_path / "actor.npz")
    asked = request(tmp_path, movie, write_cache(tmp_path), topology=tmp_path / "actor.npz")
    first = take_in(plan_ingest(asked), lambda _: None).shot
    meshes = open_sequence(first.folder, None)
    write_sequence(tmp_path / "again.npz", meshes, Format.NPZ, Placement(), lambda _: None)
    (tmp_path / "second").mkdir()
    again = take_in(plan_ingest(request(tmp_path / "second", movie, tmp_path / "again.npz")), lambda _: None)
    np.testing.assert_array_equal(again.topology.sets["lips"], JAW)
