"""Is a skin that was filmed found again?"""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from engine.render import MeshRenderer, Offscreen, View
from engine.render.look import Lamp, Lighting, Look
from engine.render.view import perspective
from tests.bootstrap.conftest import CAMERA, posed
from training.bootstrap.landmark_places import landmark_places
from training.bootstrap.overlay import Overlay
from training.bootstrap.place_landmarks import hit
from training.bootstrap.skin import SkinView, gather_skin

FLAT = Lighting(
    *(Lamp((0.0, 0.0, 1.0), (0.0, 0.0, 0.0)),) * 3, sky=(1.0, 1.0, 1.0), ground=(1.0, 1.0, 1.0), has_shadow=False
)
SIZE_PX = 256


@pytest.fixture(scope="module")
def gathered(mean_head):
    """A head with a red left half and a blue right one, filmed from three sides."""
    rig = mean_head.rig
    uv, faces = rig.topology.uv, rig.topology.uv_faces
    skin = np.zeros((SIZE_PX, SIZE_PX, 3), np.uint8)
    for triangle, corners in zip(rig.topology.faces, faces, strict=True):
        place = (uv[corners] * [1, -1] + [0, 1]) * SIZE_PX
        is_left = rig.topology.neutral[triangle, 0].mean() > 0
        cv2.fillConvexPoly(skin, np.round(place).astype(np.int32), (200, 60, 60) if is_left else (60, 60, 200))
    weights = np.zeros(52)
    mesh = rig.pose(weights)
    field_deg = float(np.degrees(2 * np.arctan(CAMERA.height_px / 2 / CAMERA.focal_px)))
    view = View(np.eye(4, dtype=np.float32), perspective(field_deg, CAMERA.width_px / CAMERA.height_px))
    views = []
    with Offscreen(CAMERA.width_px, CAMERA.height_px) as target:
        renderer = MeshRenderer(rig.topology, skin)
        for turn_deg in (-25, 0, 25):
            pose = posed((turn_deg, 0, 0))
            renderer.set_vertices(pose.place(mesh.astype(np.float64)).astype(np.float32))
            renderer.draw(view, Look(lighting=FLAT), CAMERA.width_px, CAMERA.height_px)
            views.append(SkinView(np.ascontiguousarray(target.read_rgba()[..., 2::-1]), mesh, pose))
        renderer.release()
    done = []
    found = gather_skin(rig, CAMERA, views, done.append, SIZE_PX)
    assert done == [1, 1, 1]
    return found


def colour_at(texture, topology, corners, shares):
    """Of a place on the mesh."""
    triangle = np.flatnonzero((topology.faces == corners).all(axis=1))[0]
    place = shares @ topology.uv[topology.uv_faces[triangle]] * [1, -1] + [0, 1]
    x, y = np.clip((place * SIZE_PX).astype(int), 0, SIZE_PX - 1)
    return texture[y, x].astype(int)


@pytest.mark.parametrize(
    ("number", "is_left"), [(280, True), (425, True), (50, False), (205, False), (334, True), (105, False)]
)
def test_each_half_of_the_face_has_its_own_colour(gathered, mean_head, number, is_left):
    places = landmark_places()
    row = places.row(number)
    red, _, blue = colour_at(gathered, mean_head.rig.topology, places.corners[row], places.shares[row])
    assert (red > blue + 60) == is_left
    assert (blue > red + 60) != is_left


def test_what_no_camera_saw_is_painted(gathered, mean_head):
    topology = mean_head.rig.topology
    back = topology.faces[topology.neutral[topology.faces, 2].mean(axis=1).argmin()]
    red, _, blue = colour_at(gathered, topology, back, np.full(3, 1 / 3))
    assert abs(red - blue) < 60  # hair, neither red nor blue skin


def test_the_foremost_triangle_is_hit():
    faces = np.array([[0, 1, 2], [3, 4, 5], [2, 1, 0]])
    # Seen with y down, a front turns clockwise; the second lies nearer, the third shows its back.
    seen = np.array([[0, 0, 9], [0, 9, 9], [9, 0, 9], [0, 0, 5], [0, 9, 5], [9, 0, 5]], float)
    triangles, shares = hit(np.array([[2.0, 2.0], [20.0, 2.0]]), seen, faces)
    assert triangles.tolist() == [1, -1]
    np.testing.assert_allclose(shares[0] @ seen[3:, :2], [2, 2], atol=1e-9)


def test_the_overlay_covers_the_face_and_nothing_else(mean_head):
    topology = mean_head.rig.topology
    picture = np.full((CAMERA.height_px, CAMERA.width_px, 3), (250, 20, 20), np.uint8)
    mesh = mean_head.rig.pose(np.zeros(52))
    with Overlay(topology, CAMERA) as overlay:
        plain = overlay.enlarged(picture)
        drawn = overlay.draw(plain, mesh, posed())
        gone = overlay.draw(plain, mesh, posed(shift_cm=(500, 0, -60)))
    np.testing.assert_array_equal(gone, plain)
    nose = mean_head.at(np.zeros(52))[mean_head.places.row(1)]
    zoom = overlay.height_px / CAMERA.height_px
    x, y = (zoom * CAMERA.project(posed().place(nose[None]))[0]).astype(int)
    assert np.abs(drawn[y, x].astype(int) - plain[y, x]).max() > 50
    covered = (drawn != plain).any(axis=2)
    assert 0.05 < covered.mean() < 0.4
    assert not covered[:, :20].any()


def test_eyes_in_the_overlay_are_the_persons(mean_head):
    picture, mesh = np.zeros((CAMERA.height_px, CAMERA.width_px, 3), np.uint8), mean_head.rig.pose(np.zeros(52))
    drawn = {}
    for name, skin in (("clay", None), ("person", np.full((512, 512, 3), (20, 20, 250), np.uint8))):
        with Overlay(mean_head.rig.topology, CAMERA, skin) as overlay:
            drawn[name] = overlay.draw(overlay.enlarged(picture), mesh, posed()).astype(int)
            zoom = overlay.height_px / CAMERA.height_px
    iris, nose = (mean_head.at(np.zeros(52))[mean_head.places.row(number)] for number in (468, 1))
    for place, is_blue in ((iris, True), (nose, False)):
        x, y = (zoom * CAMERA.project(posed().place(place[None]))[0]).astype(int)
        blue, _, red = drawn["person"][y, x]
        assert (blue > red + 60) == is_blue
        assert np.ptp(drawn["clay"][y, x]) < 40


def test_a_gray_clip_is_drawn_over_too(mean_head):
    camera = replace(CAMERA, height_px=480)
    with Overlay(mean_head.rig.topology, camera) as overlay:
        assert overlay.enlarged(np.zeros((480, 640), np.uint8)).shape == (overlay.height_px, overlay.width_px, 3)


def test_the_overlay_fills_an_open_mouth(mean_head):
    topology, units = mean_head.rig.topology, mean_head.rig.units
    weights = np.zeros(52)
    weights[units.index("jawOpen")] = 0.8
    picture = np.full((CAMERA.height_px, CAMERA.width_px, 3), (250, 20, 20), np.uint8)
    with Overlay(topology, CAMERA) as overlay:
        plain = overlay.enlarged(picture)
        drawn = overlay.draw(plain, mean_head.rig.pose(weights), posed())
    lips = [mean_head.places.row(number) for number in (13, 14, 61, 291)]  # upper, lower, right and left corner
    seen = CAMERA.project(posed().place(mean_head.at(weights)[lips])) * (overlay.height_px / CAMERA.height_px)
    left, right = np.sort(seen[2:, 0]).astype(int)
    corners = int(seen[2:, 1].mean())
    assert np.ptp(seen[:2, 1]) > 8
    assert (drawn[corners, left:right] != plain[corners, left:right]).any(axis=1).all()
