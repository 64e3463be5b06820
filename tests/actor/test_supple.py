from collections.abc import Mapping

import cv2
import numpy as np
import pytest

from training.actor.anatomy import load_anatomy
from training.actor.curves import weights_of
from training.actor.identity import ACTORS, Identity, identity_of
from training.actor.rig import Rig, build_rig
from training.actor.rings import mouth_rings
from training.actor.sensor import Mains, Sensor
from training.actor.stage import Stage, StageSetup
from training.actor.supple import ease_creases

TIGHT: tuple[Mapping[str, float], ...] = (
    {"jawOpen": 1.0, "eyeWide": 1.0},
    {"mouthSmile": 1.0, "mouthUpperUp": 0.8, "jawOpen": 0.25, "cheekSquint": 0.6},
    {"jawOpen": 0.7, "jawRight": 1.0},
)
SETUP = StageSetup(
    width_px=600, height_px=800, is_gray=False, view_height_cm=12.0, sensor=Sensor(1e12, 0), mains=Mains(0.0)
)
CHIN_CM = np.array([0.0, 6.0, 0.0])  # brings the mouth and the chin into the picture


@pytest.fixture(scope="module")
def samir() -> Rig:
    return build_rig(identity_of("samir"))


def inside_out(rig: Rig) -> np.ndarray:
    """A texture with red teeth, tongue and mouth, gray elsewhere."""
    texture = np.full((256, 256, 3), 150, np.uint8)
    inner = np.zeros(rig.topology.num_vertices, bool)
    inner[np.concatenate([load_anatomy().parts[name] for name in ("upper_teeth", "lower_teeth", "tongue")])] = True
    places = rig.topology.uv[rig.topology.uv_faces[inner[rig.topology.faces].all(axis=1)]] * 256
    for (left, top), (right, bottom) in ((p.min(0) - 1, p.max(0) + 1) for p in places * [1, -1] + [0, 256]):
        texture[int(top) : int(bottom) + 1, int(left) : int(right) + 1] = (255, 0, 0)
    return texture


def red_outside_the_lips_px(stage: Stage, vertices: np.ndarray) -> int:
    picture = stage.photograph(vertices, np.zeros(3), CHIN_CM, np.random.default_rng(0))["front"].astype(int)
    view = SETUP.view("front")
    matrix = view.projection @ view.world_to_camera @ stage.head_to_studio(np.zeros(3), CHIN_CM)
    rim = vertices[mouth_rings().ring(2)]
    clip = np.column_stack([rim, np.ones(len(rim))]) @ matrix.T
    corners = (clip[:, :2] / clip[:, 3:] * [1, -1] + 1) / 2 * [600, 800]
    mouth = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(mouth, [cv2.convexHull(corners.astype(np.int32))], 1)
    return int(((picture[..., 2] - picture[..., 1] > 60) & (mouth == 0)).sum())


def test_nothing_of_the_mouth_comes_through_a_gaunt_face(samir: Rig) -> None:
    stage = Stage(samir.topology, inside_out(samir), SETUP)
    seen = [red_outside_the_lips_px(stage, samir.pose(weights_of(pose, samir.units))) for pose in TIGHT]
    upper = samir.topology.neutral.copy()
    upper[samir.topology.sets["lower_teeth"], 2] += 2
    assert red_outside_the_lips_px(stage, upper) > 100, "otherwise the picture shows nothing"
    stage.release()
    assert max(seen) < 10, "the gums of the lower teeth once stood out of the chin"


@pytest.mark.parametrize("name", ["samir", "demo"])
def test_a_pucker_draws_the_corners_in_by_a_quarter_or_more(name: str) -> None:
    rig = build_rig(identity_of(name))
    corners = mouth_rings().ring(0)[list(mouth_rings().corners())]
    pose = rig.pose(weights_of({"mouthPucker": 1.0}, rig.units))
    width, puckered = (float(np.ptp(places[corners, 0])) for places in (rig.topology.neutral, pose))
    assert puckered < 0.75 * width


def test_frowning_brows_leave_no_edge_in_the_middle_of_the_forehead(samir: Rig) -> None:
    anatomy = load_anatomy()
    ears = anatomy.base[anatomy.masks["ears"] > 0]
    home = anatomy.base - (ears.max(0) + ears.min(0)) / 2
    pose = samir.pose(weights_of({"browDown": 1.0}, samir.units))
    for height in (4.74, 5.7, 6.33):
        row = np.flatnonzero((np.abs(home[:, 1] - height) < 0.1) & (np.abs(home[:, 0]) < 1.7) & (home[:, 2] > 4))
        middle, near = (pose[row[np.abs(np.abs(home[row, 0]) - x) < 0.2]].mean(0)[2] for x in (0.0, 0.6))
        assert abs(middle - near) < 0.03, "the average head's stands out by 0.05 to 0.07 cm"


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.name)
def test_nobodys_forehead_has_a_horn(actor: Identity) -> None:
    anatomy = load_anatomy()
    shape = anatomy.base.copy()
    for name, weight in actor.targets.items():
        shape += weight * anatomy.target(name)
    eased = shape.copy()
    ease_creases(anatomy, eased)
    ears = anatomy.base[anatomy.masks["ears"] > 0]
    is_forehead = anatomy.base[:, 1] > (ears[:, 1].max() + ears[:, 1].min()) / 2 + 3
    assert np.abs(eased - shape)[is_forehead].max() < 0.06


def test_a_wide_open_mouth_bares_the_upper_teeth(samir: Rig) -> None:
    for rig in (samir, build_rig(identity_of("demo"))):
        pose = rig.pose(weights_of({"jawOpen": 1.0}, rig.units))
        lip = pose[mouth_rings().ring(-1)[mouth_rings().upper[len(mouth_rings().upper) // 2]]]
        assert 0.2 < lip[1] - rig.teeth[0].edge(np.zeros(1))[0, 1] < 0.7
