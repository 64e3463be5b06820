"""The actor's vertices in the actor's order, looked at one by one; and the actor's own head."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ShotError
from engine.mesh import Topology
from tests.ingest.head import head, performance, request, write_cache
from training.actor.identity import identity_of
from training.actor.rig import Rig, build_rig
from training.ingest.likeness import likeness_of
from training.ingest.plan import plan_ingest
from training.ingest.vertex_order import check_vertices

_NOISE_CM = 0.05


@cache
def rig(name: str) -> Rig:
    return build_rig(identity_of(name))


@cache
def acted(name: str, num_meshes: int = 4) -> list[np.ndarray]:
    """Meshes of wild expressions, none of them near rest."""
    rng = np.random.default_rng(2)
    return [rig(name).pose(np.where(rng.random(52) < 0.3, rng.random(52), 0)) for _ in range(num_meshes)]


def tracked(meshes: list[np.ndarray], noise_cm: float) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [mesh + rng.normal(0, noise_cm, mesh.shape).astype(np.float32) for mesh in meshes]


def swapped(topology: Topology, one: object, other: object) -> np.ndarray:
    order = np.arange(topology.num_vertices)
    order[one], order[other] = order[other].copy(), order[one].copy()  # type: ignore[index]
    return order


def rolled(topology: Topology, name: str) -> np.ndarray:
    order, rows = np.arange(topology.num_vertices), topology.sets[name]
    order[rows] = np.roll(rows, 1)
    return order


@pytest.mark.parametrize("name", ["demo", "mei"])
def test_extreme_expressions_and_a_solvers_noise_are_no_other_order(name: str) -> None:
    weights = [*np.eye(52)[:: 2 if name == "demo" else 8], np.full(52, 0.5), np.ones(52)]
    for mesh in tracked([rig(name).pose(row) for row in weights], _NOISE_CM):
        check_vertices([mesh], rig(name).topology)
    check_vertices(tracked(acted(name), _NOISE_CM), rig(name).topology)


_ORDERS: dict[str, tuple[Callable[[Topology], np.ndarray], str]] = {
    "two vertices": (lambda of: swapped(of, 100, 3000), "the vertices 100, 3000 .*torn"),
    "lips": (lambda of: rolled(of, "lips"), "'lips'"),
    "brows": (lambda of: rolled(of, "brows"), "'brows'"),
    "eyes": (lambda of: swapped(of, of.sets["left_eye"], of.sets["right_eye"]), "'left_eye' and 'right_eye' are exch"),
    "teeth": (
        lambda of: swapped(of, of.sets["upper_teeth"], of.sets["lower_teeth"]),
        "'lower_teeth' and 'upper_teeth' are exchanged",
    ),
}


@pytest.mark.parametrize("kind", list(_ORDERS))
def test_vertices_with_each_others_numbers_are_refused_and_named(kind: str) -> None:
    order, words = _ORDERS[kind]
    topology = rig("demo").topology
    meshes = [mesh[order(topology)] for mesh in tracked(acted("demo"), _NOISE_CM)]
    with pytest.raises(ShotError, match=words):
        check_vertices(meshes, topology)


def test_two_neighbours_that_changed_places_are_found_where_they_lie_far_enough_apart() -> None:
    topology = rig("demo").topology
    cheek = topology.sets["cheeks"]
    faces = topology.faces[np.isin(topology.faces, cheek).all(axis=1)]
    apart = np.linalg.norm(topology.neutral[faces[:, 0]] - topology.neutral[faces[:, 1]], axis=1)
    one, other = faces[apart.argmax(), :2]
    with pytest.raises(ShotError, match="torn"):
        check_vertices([mesh[swapped(topology, one, other)] for mesh in acted("demo")], topology)


@pytest.mark.parametrize("noise_cm", [0.0, 0.1, 0.3])
def test_the_actors_own_head_is_known_through_noise(noise_cm: float) -> None:
    likeness = likeness_of(tracked(acted("demo", 8), noise_cm), rig("demo").topology)
    assert not likeness.is_other
    assert likeness.skull_mm < 0.5
    assert likeness.notes == ()


@pytest.mark.parametrize("has_regions", [True, False])
def test_another_actors_head_is_refused_whatever_its_scale(has_regions: bool) -> None:
    topology = rig("demo").topology
    topology = topology if has_regions else replace(topology, sets={})
    size = np.ptp(topology.neutral[:, 1]) / np.ptp(rig("mei").topology.neutral[:, 1])
    likeness = likeness_of([mesh * size for mesh in acted("mei")], topology)
    assert "another actor" in likeness.notes[0]
    with pytest.raises(ShotError, match="another actor") as refused:
        likeness.check()
    assert "--same-actor" in refused.value.recovery


def test_the_actor_at_another_scale_is_told_the_scale() -> None:
    likeness = likeness_of([mesh * 0.96 for mesh in acted("demo")], rig("demo").topology)
    assert not likeness.is_other
    (note,) = likeness.notes
    assert "0.960 times" in note


def test_an_ingest_refuses_another_actor_unless_one_insists(tmp_path: Path, movie: Path) -> None:
    head().save(tmp_path / "actor.npz")
    longer = write_cache(tmp_path, vertices=performance() * np.float32([0.92, 1, 1.12]))
    asked = request(tmp_path, movie, longer, topology=tmp_path / "actor.npz")
    with pytest.raises(ShotError, match="another actor"):
        plan_ingest(asked)
    assert any("another actor" in note for note in plan_ingest(replace(asked, is_same_actor=True)).notes)


def test_an_ingest_refuses_two_vertices_that_changed_places(tmp_path: Path, movie: Path) -> None:
    head().save(tmp_path / "actor.npz")
    wrong = write_cache(tmp_path, vertices=performance()[:, swapped(head(), 40, 120)])
    with pytest.raises(ShotError, match="vertices 40, 120"):
        plan_ingest(replace(request(tmp_path, movie, wrong), topology=tmp_path / "actor.npz"))
