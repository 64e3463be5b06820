import numpy as np
import pytest

from engine.render import SmoothSurface
from engine.render.view import rotation
from tests.render.shapes import ball, box, joined, moved

RNG = np.random.default_rng(5)


def test_the_surface_goes_through_every_vertex_of_every_pose_bit_for_bit() -> None:
    topology = joined(ball(8, 12), moved(ball(6, 8, 1.5, ("left_eye", "eyes")), (3, 2, 12)))
    surface = SmoothSurface(topology)
    for _ in range(3):
        pose = (topology.neutral + RNG.normal(0, 0.3, topology.neutral.shape)).astype(np.float32)
        positions, normals = surface(pose)
        np.testing.assert_array_equal(positions[: topology.num_vertices], pose)
        np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    assert len(positions) > topology.num_vertices


def test_a_coarse_ball_is_drawn_rounder_than_its_mesh() -> None:
    topology = ball(8, 16)
    surface = SmoothSurface(topology)
    radii = [np.linalg.norm(corners.mean(1), axis=1) for corners in (
        topology.neutral[topology.faces], surface(topology.neutral)[0][surface.topology.faces]
    )]  # fmt: skip
    flat, rounded = (10 - radius for radius in radii)  # how far the middles of the faces lie within the ball
    assert np.abs(rounded).max() < 0.3 * flat.max()
    assert np.abs(rounded).mean() < 0.2 * flat.mean()


def test_creases_and_borders_stay_straight() -> None:
    positions = SmoothSurface(box(4.0))(box(4.0).neutral)[0]
    middles = [point for point in positions.tolist() if sorted(map(abs, point)) == [0, 2, 2]]
    assert len(middles) == 12, "each of the cube's edges was halved where it is"


def test_the_texture_covers_the_surface_as_it_covers_the_mesh() -> None:
    def areas(uv: np.ndarray, faces: np.ndarray) -> np.ndarray:
        a, b, c = uv[faces.T].astype(np.float64)
        return ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2

    topology = joined(ball(8, 12), moved(box(), (0, 20, 0)))
    fine = SmoothSurface(topology).topology
    assert areas(fine.uv, fine.uv_faces).sum() == pytest.approx(areas(topology.uv, topology.uv_faces).sum(), rel=1e-5)
    assert areas(fine.uv, fine.uv_faces).min() >= -1e-9, "no triangle is turned over"


def test_a_pose_without_holes_has_a_surface_without_holes() -> None:
    fine = SmoothSurface(ball(8, 12)).topology
    sides = np.concatenate([fine.faces[:, [0, 1]], fine.faces[:, [1, 2]], fine.faces[:, [2, 0]]])
    forth = {tuple(side) for side in sides.tolist()}
    assert len(forth) == len(sides)
    assert forth == {(b, a) for a, b in forth}, "each side is met by its neighbour, the other way round"


def test_eyes_are_spheres_wherever_they_look() -> None:
    eye = moved(ball(6, 8, 1.5, ("left_eye", "eyes")), (3, 2, 8))
    surface = SmoothSurface(eye)
    centre = np.float32([3, 2, 8])
    turned = ((eye.neutral - centre) @ rotation(20, -10).T + centre).astype(np.float32)
    positions, normals = surface(turned)
    np.testing.assert_allclose(np.linalg.norm(positions - centre, axis=1), 1.5, atol=1e-4)
    np.testing.assert_allclose(normals, (positions - centre) / 1.5, atol=1e-3)
    (found,) = surface.eyeballs(turned)
    np.testing.assert_allclose(found.centre, centre, atol=1e-4)
    np.testing.assert_allclose(found.gaze, rotation(20, -10)[:, 2], atol=1e-4)
    assert found.radius_cm == pytest.approx(1.5, abs=1e-4)
