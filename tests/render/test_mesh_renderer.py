from collections.abc import Iterator

import numpy as np
import pytest

from engine.mesh import Topology
from engine.render import Look, MeshRenderer, Offscreen, Orbit, Shading

SIZE = 160


def ball() -> Topology:
    """A sphere of 10 cm with a texture whose left half is red."""
    rings, sectors = 24, 32
    polar, around = np.meshgrid(np.linspace(0, np.pi, rings), np.linspace(-np.pi, np.pi, sectors), indexing="ij")
    points = np.stack([np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)], axis=-1)
    uv = np.stack([around / (2 * np.pi) + 0.5, 1 - polar / np.pi], axis=-1)
    index = np.arange(rings * sectors).reshape(rings, sectors)
    a, b, c, d = index[:-1, :-1].ravel(), index[1:, :-1].ravel(), index[1:, 1:].ravel(), index[:-1, 1:].ravel()
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)
    return Topology(faces, uv.reshape(-1, 2).astype(np.float32), faces, (points.reshape(-1, 3) * 10).astype(np.float32))


@pytest.fixture
def target() -> Iterator[Offscreen]:
    with Offscreen(SIZE, SIZE) as offscreen:
        yield offscreen


def drawn(target: Offscreen, topology: Topology, look: Look, **extra: np.ndarray) -> np.ndarray:
    skin = np.zeros((64, 64, 3), np.uint8)
    skin[:, :32, 0] = skin[:, 32:, 2] = 220
    renderer = MeshRenderer(topology, skin)
    renderer.set_vertices(extra.get("vertices", topology.neutral))
    renderer.set_errors(extra.get("errors"))
    renderer.draw(Orbit(0, 0, 100, (0, 0, 0)).view(SIZE, SIZE), look, SIZE, SIZE)
    picture = target.read().astype(int)
    renderer.release()
    return picture


def test_the_skin_shows_its_texture_the_right_way_round(target: Offscreen) -> None:
    picture = drawn(target, ball(), Look(Shading.SKIN, has_soft_base=False))
    middle = picture[SIZE // 2]
    right, left = middle[SIZE // 2 + 25], middle[SIZE // 2 - 25]  # +x is to the right of who looks at the front
    assert left[0] > 2 * left[2]
    assert right[2] > 2 * right[0]


def test_normals_point_at_the_viewer_in_the_middle_and_up_at_the_top(target: Offscreen) -> None:
    picture = drawn(target, ball(), Look(Shading.NORMALS, has_soft_base=False))
    np.testing.assert_allclose(picture[SIZE // 2, SIZE // 2], [128, 128, 255], atol=6)
    top = np.flatnonzero(picture[:, SIZE // 2].sum(1) > 300)[0]
    assert picture[top + 2, SIZE // 2, 1] > 215


def test_error_colours_run_from_cold_to_warm_and_are_clay_without_truth(target: Offscreen) -> None:
    topology = ball()
    look = Look(Shading.ERROR, error_range_mm=5.0, has_soft_base=False)
    count = topology.num_vertices
    none, low, high = (
        drawn(target, topology, look, **errors)[SIZE // 2, SIZE // 2]
        for errors in ({}, {"errors": np.zeros(count, np.float32)}, {"errors": np.full(count, 5, np.float32)})
    )
    assert low[2] > low[0]
    assert high[0] > 2 * high[2]
    clay = drawn(target, topology, Look(Shading.CLAY, has_soft_base=False))[SIZE // 2, SIZE // 2]
    np.testing.assert_array_equal(none, clay)


def test_a_moved_vertex_moves_the_picture(target: Offscreen) -> None:
    topology = ball()
    look = Look(Shading.CLAY, has_soft_base=False)
    shifted = drawn(target, topology, look, vertices=topology.neutral + np.float32([3, 0, 0]))
    rest = drawn(target, topology, look)
    # The ball's silhouette against the dark backdrop, its middle 100 cm away.
    columns = [np.flatnonzero(picture[SIZE // 2].sum(1) > 180)[[0, -1]].mean() for picture in (rest, shifted)]
    pixels_per_cm = SIZE / 2 / np.tan(np.radians(11)) / 100
    assert columns[1] - columns[0] == pytest.approx(3 * pixels_per_cm, abs=2.0)


def test_what_faces_away_from_the_key_lamp_lies_in_shadow(target: Offscreen) -> None:
    picture = drawn(target, ball(), Look(Shading.CLAY, has_soft_base=False))
    towards_key = picture[SIZE // 2 - 18, SIZE // 2 - 14].sum()
    away = picture[SIZE // 2 + 30, SIZE // 2 + 5].sum()
    assert towards_key > away + 60


def test_wires_add_lines_and_nothing_else_changes_off_the_mesh(target: Offscreen) -> None:
    plain, wired = (drawn(target, ball(), Look(Shading.CLAY, has_wire=wire)) for wire in (False, True))
    assert (np.abs(wired - plain).sum(2) > 12).mean() > 0.02
    np.testing.assert_array_equal(wired[:8], plain[:8])


def test_reading_back_gives_the_top_row_first(target: Offscreen) -> None:
    topology = ball()
    picture = drawn(
        target, topology, Look(Shading.CLAY, has_soft_base=False), vertices=topology.neutral + np.float32([0, 6, 0])
    )
    rows = np.flatnonzero(picture[:, SIZE // 2].sum(1) > 250)
    assert rows.mean() < SIZE / 2


def test_orbit_turns_pans_and_zooms_as_the_hand_expects() -> None:
    orbit = Orbit.framing(ball())
    assert orbit.turned(400, 0).yaw_deg == pytest.approx(orbit.yaw_deg + 40)
    assert orbit.turned(0, 500).pitch_deg <= 85
    assert orbit.zoomed(2).distance_cm == pytest.approx(orbit.distance_cm / 2)
    front = Orbit(0, 0, 50, (0, 0, 0))
    view = front.panned(1, 0).view(100, 100)
    origin = view.world_to_camera @ np.array([0, 0, 0, 1])
    assert origin[0] == pytest.approx(1), "the content moves right with the hand"
