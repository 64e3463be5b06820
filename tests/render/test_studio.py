from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from engine.mesh import Topology
from engine.render import Offscreen, Orbit, SoftBox, Studio, StudioRenderer, View
from engine.render.sheen import with_sheen
from engine.render.view import rotation
from tests.render.shapes import ball, joined, moved

SIZE = 160
DARK = (0.0, 0.0, 0.0)
ORBIT = Orbit(0, 0, 100, (0, 0, 0))
WHITE = np.full((8, 8, 3), 200, np.uint8)


@pytest.fixture
def target() -> Iterator[Offscreen]:
    with Offscreen(SIZE, SIZE, 4) as offscreen:
        yield offscreen


def lit_by(place_cm: tuple[float, float, float], side_cm: float = 20.0, num_samples: int = 1) -> Studio:
    """A studio of one lamp alone before a black backdrop."""
    key = SoftBox(place_cm, side_cm, side_cm, (1.0, 1.0, 1.0), num_samples)
    off = replace(key, colour=DARK, num_samples=1)
    return Studio(key, off, off, DARK, DARK, (DARK, DARK))


def drawn(
    target: Offscreen,
    topology: Topology,
    studio: Studio,
    *,
    skin: np.ndarray = WHITE,
    turn_deg: float = 0.0,
    view: View | None = None,
    exposure: float = 1.0,
) -> np.ndarray:
    """[H, W] int: the green of the picture."""
    renderer = StudioRenderer(topology, skin, studio)
    pose = np.eye(4, dtype=np.float32)
    pose[:3, :3] = rotation(turn_deg, 0)
    renderer.pose(topology.neutral, pose)
    renderer.draw(view or ORBIT.view(SIZE, SIZE), SIZE, SIZE, exposure)
    picture = target.read()[..., 1].astype(int)
    renderer.release()
    return picture


def test_the_lamps_stand_in_the_studio_not_on_the_camera_or_the_head(target: Offscreen) -> None:
    studio = lit_by((-100, 0, 100))

    def left_over_right(**options: object) -> float:
        picture = drawn(target, ball(), studio, **options)  # type: ignore[arg-type]
        return picture[:, : SIZE // 2].mean() / picture[:, SIZE // 2 :].mean()

    assert left_over_right() > 1.5
    assert left_over_right(turn_deg=90.0) == pytest.approx(left_over_right(), rel=0.03)
    from_the_left = Orbit(-90, 0, 100, (0, 0, 0)).view(SIZE, SIZE)
    assert left_over_right(view=from_the_left) < 1 / 1.5


def test_a_large_lamp_has_softer_shadows_than_a_small_one(target: Offscreen) -> None:
    # A small ball before a large one, the lamp overhead: its shadow lies on the large ball.
    scene = joined(ball(64, 128, 20.0), moved(ball(12, 24, 3.0), (0, 12, 24)))
    orbit = Orbit(0, 0, 160, (0, 0, 0))

    def steepest(side_cm: float) -> int:
        studio = lit_by((0, 110, 100), side_cm, 9)
        lower = drawn(target, scene, studio, view=orbit.view(SIZE, SIZE))[SIZE // 2 - 20 : SIZE // 2 + 20, SIZE // 2]
        assert lower.min() < 0.75 * lower.max(), "there is a shadow"
        return int(np.abs(np.diff(lower)).max())

    assert steepest(90.0) < 0.6 * steepest(4.0)


def test_wet_eyes_mirror_the_key_lamp_on_its_side(target: Offscreen) -> None:
    eye = ball(10, 16, 8.0, ("left_eye", "eyes"))
    black = np.zeros((8, 8, 3), np.uint8)
    columns = []
    for side in (-1, 1):
        picture = drawn(target, eye, lit_by((side * 60, 0, 110), 40), skin=black)
        assert picture.max() > 60
        spots = np.argwhere(picture > picture.max() / 2)
        columns.append(spots[:, 1].mean())
        assert np.ptp(spots[:, 0]) < 30, "one spot, not a band"
    assert columns[0] < SIZE / 2 - 2.5 < SIZE / 2 + 2.5 < columns[1]
    assert sum(columns) == pytest.approx(SIZE - 1, abs=1)


def test_exposure_scales_light_until_the_shoulder(target: Offscreen) -> None:
    studio = lit_by((0, 0, 150))
    gray = np.full((8, 8, 3), 90, np.uint8)
    full, half = (drawn(target, ball(), studio, skin=gray, exposure=exposure) for exposure in (1.0, 0.5))
    linear = [(picture[SIZE // 2, SIZE // 2] / 255) ** 2.2 for picture in (full, half)]
    assert linear[0] / linear[1] == pytest.approx(2, rel=0.06)


def test_a_monochrome_camera_sees_the_luminance(target: Offscreen) -> None:
    renderers = [StudioRenderer(ball(), WHITE, Studio(), is_gray) for is_gray in (True, False)]
    pictures = []
    for renderer in renderers:
        renderer.pose(ball().neutral, np.eye(4, dtype=np.float32))
        renderer.draw(ORBIT.view(SIZE, SIZE), SIZE, SIZE)
        pictures.append(target.read().astype(float))
    gray, colour = pictures
    assert np.ptp(gray, axis=2).max() == 0
    linear = (colour / 255) ** 2.2 @ [0.2126, 0.7152, 0.0722]
    body = np.s_[SIZE // 2 - 20 : SIZE // 2 + 20, SIZE // 2 - 20 : SIZE // 2 + 20]
    np.testing.assert_allclose(gray[body][..., 0], 255 * linear[body] ** (1 / 2.2), atol=3)


def test_hair_shines_less_than_skin_whatever_the_skins_colour() -> None:
    topology = ball()
    for skin_level, hair_level in ((190, 40), (75, 22)):
        texture = np.full((64, 64, 3), skin_level, np.uint8)
        texture[:16] = hair_level  # the top of the head
        sheen = with_sheen(topology, texture)[..., 3].astype(int)
        assert sheen[40:, :].mean() > 4 * sheen[:8].mean()
        assert sheen[40:, :].min() > 100


def test_samples_of_a_lamp_add_up_to_its_light() -> None:
    samples = Studio().samples()
    for group, lamp in enumerate(Studio().boxes):
        np.testing.assert_allclose(samples.colours[samples.groups == group].sum(0), lamp.colour)
        away = samples.towards[samples.groups == group] @ lamp.frame[2]
        assert away.min() > np.cos(np.arctan(np.hypot(*lamp.half_size)))
    np.testing.assert_allclose(np.linalg.norm(samples.towards, axis=1), 1)
