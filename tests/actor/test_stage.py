from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from engine.errors import ShotError
from engine.mesh import Topology
from training.actor.curves import weights_of
from training.actor.identity import identity_of
from training.actor.rig import Rig, build_rig
from training.actor.sensor import Mains, Sensor
from training.actor.stage import Stage, StageSetup

STILL = np.zeros(3)
SMALL = StageSetup(width_px=300, height_px=400)
SILENT = Sensor(1e12, 0)
BOTH = ("front", "side")
PLAIN = np.full((64, 64, 3), 170, np.uint8)


@pytest.fixture(scope="module")
def rig() -> Rig:
    return build_rig(identity_of("demo"))


@pytest.fixture(scope="module")
def stage(rig: Rig) -> Iterator[Stage]:
    stage = Stage(rig.topology, PLAIN, SMALL)
    yield stage
    stage.release()


def seen_by(stage: Stage, vertices: np.ndarray) -> np.ndarray:
    """The front picture of a head that keeps still."""
    return stage.photograph(vertices, STILL, STILL, np.random.default_rng(1))["front"]


def photograph(
    topology: Topology,
    vertices: np.ndarray,
    setup: StageSetup,
    skin: np.ndarray,
    turn_deg: np.ndarray = STILL,
    shift_cm: np.ndarray = STILL,
) -> dict[str, np.ndarray]:
    stage = Stage(topology, skin, setup)
    try:
        return stage.photograph(vertices, turn_deg, shift_cm, np.random.default_rng(1))
    finally:
        stage.release()


def posed(rig: Rig, **weights: float) -> np.ndarray:
    return rig.pose(weights_of(weights, rig.units))


def test_the_picture_shows_a_well_lit_face_inside_the_crop(rig: Rig, stage: Stage) -> None:
    picture = seen_by(stage, posed(rig))
    assert picture.shape == (400, 300)
    crop = SMALL.viewpoint.crop
    face = picture[crop.y : crop.y + crop.height, crop.x : crop.x + crop.width]
    assert 60 < face.mean() < 200
    assert (face >= 254).mean() < 0.01, "nothing is blown out"
    assert picture[:15].mean() < 90, "the backdrop is dark"


def test_the_crop_is_the_same_part_of_every_picture_size() -> None:
    large, small = (replace(SMALL, width_px=w, height_px=h).viewpoint.crop for w, h in ((1200, 1600), (600, 800)))
    assert (large.x, large.y, large.width, large.height) == (150, 200, 900, 1200)
    assert (small.x, small.y, small.width, small.height) == (75, 100, 450, 600)
    square = replace(SMALL, width_px=800, height_px=800).viewpoint.crop
    assert square.is_inside(800, 800)
    assert square.width * 4 == square.height * 3


def test_the_same_pose_and_seed_give_the_same_picture_bit_for_bit(rig: Rig, stage: Stage) -> None:
    vertices = posed(rig, jawOpen=0.4)
    first, second = seen_by(stage, vertices), photograph(rig.topology, vertices, SMALL, PLAIN)["front"]
    np.testing.assert_array_equal(first, second)


def test_expressions_change_the_picture_where_they_should(rig: Rig, stage: Stage) -> None:
    rest = seen_by(stage, posed(rig)).astype(int)
    for unit, rows in (("eyeBlink", slice(140, 180)), ("jawOpen", slice(240, 350))):
        difference = np.abs(seen_by(stage, posed(rig, **{unit: 1.0})).astype(int) - rest).mean(axis=1)
        assert difference[rows].mean() > 3 * difference[:100].mean()


def test_a_colour_camera_gives_skin_tones(rig: Rig) -> None:
    skin = np.broadcast_to(np.uint8([196, 150, 125]), (64, 64, 3)).copy()
    picture = photograph(rig.topology, posed(rig), replace(SMALL, is_gray=False), skin)["front"]
    blue, _, red = picture[175:225, 125:175].reshape(-1, 3).mean(0)
    assert red > 1.2 * blue


def test_both_cameras_see_the_same_moment_of_the_same_mesh(rig: Rig) -> None:
    # The tip of the nose alone is white: it must appear where each camera's matrices put that vertex.
    topology, vertices = rig.topology, posed(rig, jawOpen=0.5)
    tip = int(vertices[:, 2].argmax())
    uv = np.zeros((topology.num_vertices, 2))
    uv[topology.faces] = topology.uv[topology.uv_faces]
    skin = np.zeros((512, 512, 3), np.uint8)
    x, y = uv[tip, 0] * 512, (1 - uv[tip, 1]) * 512
    rows, columns = np.mgrid[0:512, 0:512]
    skin[(columns - x) ** 2 + (rows - y) ** 2 < 6**2] = 255
    setup = replace(SMALL, width_px=600, height_px=800, cameras=BOTH, sensor=SILENT)
    turn_deg, shift_cm = np.array([8.0, -4.0, 2.0]), np.array([0.6, -0.4, 0.3])
    pictures = photograph(topology, vertices, setup, skin, turn_deg, shift_cm)
    assert list(pictures) == ["front", "side"]
    unlit = photograph(topology, vertices, setup, np.zeros_like(skin), turn_deg, shift_cm)
    stage = Stage(topology, skin, setup)
    place = stage.head_to_studio(turn_deg, shift_cm) @ np.append(vertices[tip], 1)
    stage.release()
    for camera in BOTH:
        view = setup.view(camera)
        clip = view.projection @ view.world_to_camera @ place
        expected = (clip[:2] / clip[3] * [1, -1] + 1) / 2 * [600, 800]
        marked = pictures[camera].astype(int) - unlit[camera]
        spots = np.argwhere(marked > marked.max() / 2)[:, ::-1].mean(0)
        np.testing.assert_allclose(spots, expected, atol=6)


def test_lamps_flicker_in_the_picture_as_set(rig: Rig) -> None:
    steady, lively = (replace(SMALL, sensor=replace(SILENT, exposure_ms=2.0), mains=Mains(50, d)) for d in (0.0, 0.3))

    def brightness(setup: StageSetup) -> list[float]:
        stage, vertices = Stage(rig.topology, PLAIN, setup), posed(rig)
        frames = []
        for index in range(3):
            rng = np.random.default_rng(1)
            frames.append(stage.photograph(vertices, STILL, STILL, rng, index / 30)["front"])
        stage.release()
        return [float(frame[150:250, 100:200].mean()) for frame in frames]

    assert np.ptp(brightness(steady)) == 0
    assert np.ptp(brightness(lively)) > 5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cameras": ("side",)}, "cannot be set up"),
        ({"cameras": ("front", "above")}, "cannot be set up"),
        ({"cameras": ("front", "front")}, "cannot be set up"),
        ({"width_px": 1600, "height_px": 1200}, "does not suit a face"),
        ({"width_px": 601, "height_px": 800}, "does not suit a face"),
        ({"width_px": 30, "height_px": 40}, "does not suit a face"),
    ],
)
def test_a_stage_that_cannot_be_built_is_refused_in_one_sentence(change: dict[str, object], words: str) -> None:
    with pytest.raises(ShotError, match=words):
        replace(SMALL, **change).check()
