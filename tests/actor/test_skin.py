from dataclasses import replace

import numpy as np
import pytest

from training.actor.anatomy import load_anatomy
from training.actor.atlas import island_mask
from training.actor.canvas import Canvas, make_canvas
from training.actor.complexion import Complexion
from training.actor.identity import identity_of
from training.actor.occlusion import bake_occlusion
from training.actor.rig import Rig, build_rig
from training.actor.rings import eye_rings, mouth_rings
from training.actor.skin import paint_skin, strokes
from training.actor.skin.around import around
from training.actor.skin.brows import paint_brows
from training.actor.skin.cloth import paint_shirt
from training.actor.skin.eyes import paint_eye
from training.actor.skin.hair import hair_zone, paint_hair
from training.actor.skin.lips import paint_lips
from training.actor.skin.mouth import paint_teeth
from training.actor.skin.tone import paint_tone
from training.actor.skin.wrinkles import paint_wrinkles
from training.actor.skin.zones import MOUTH_Y, beard_zone

SIZE_PX = 512
PLAIN = Complexion(beard=0.0, freckles=0.0, pores=0.0, age=0.0)


@pytest.fixture(scope="module")
def rig() -> Rig:
    return build_rig(identity_of("demo"))


@pytest.fixture(scope="module")
def canvas(rig: Rig) -> Canvas:
    return make_canvas(rig.topology, load_anatomy(), SIZE_PX)


@pytest.fixture(scope="module")
def face(rig: Rig, canvas: Canvas) -> Canvas:
    return part_of(canvas, rig, "head")


def part_of(canvas: Canvas, rig: Rig, island: str) -> Canvas:
    is_in = island_mask(rig.topology.uv, island)[rig.topology.uv_faces].all(axis=1)
    return canvas.part(is_in[canvas.triangle])


def dice() -> np.random.Generator:
    return np.random.default_rng(5)


def gray_base(canvas: Canvas) -> np.ndarray:
    return np.full((len(canvas.texels), 3), 0.6, np.float32)


def near(canvas: Canvas, x: float, y: float, radius_cm: float) -> np.ndarray:
    """Texels in front, about a point of the average face's front view."""
    away = np.hypot(canvas.home[:, 0] - x, canvas.home[:, 1] - y)
    return (away < radius_cm) & (canvas.home[:, 2] > 3)


def test_the_same_seed_paints_the_same_skin_and_another_seed_another(rig: Rig) -> None:
    openness = np.ones(rig.topology.num_vertices, np.float32)
    first, again = (paint_skin(rig, openness, 256) for _ in range(2))
    assert first.shape == (256, 256, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    other = replace(rig, identity=replace(rig.identity, seed=rig.identity.seed + 1))
    assert (paint_skin(other, openness, 256) != first).mean() > 0.3


def test_no_triangle_of_the_atlas_is_folded_and_islands_do_not_overlap(rig: Rig, canvas: Canvas) -> None:
    corners = rig.topology.uv[rig.topology.uv_faces].astype(np.float64)
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    head = island_mask(rig.topology.uv, "head")[rig.topology.uv_faces].all(axis=1)
    assert (np.sign(area[head]) == np.sign(np.median(area[head]))).mean() > 0.995
    covered = len(canvas.texels) / SIZE_PX**2
    assert covered == pytest.approx(np.abs(area).sum() / 2, rel=0.03), "texels are drawn once"


def test_the_face_lids_and_teeth_get_as_many_texels_as_the_camera_has_pixels(rig: Rig, canvas: Canvas) -> None:
    camera_px_per_cm = 1600 / 31.0

    def texels_per_cm(part: Canvas) -> float:
        return float(np.median(np.sqrt(1 / part.area_cm2()))) * 2048 / SIZE_PX

    head = part_of(canvas, rig, "head")
    assert texels_per_cm(head.part(near(head, 0, 0, 5.0))) > camera_px_per_cm
    lids = head.part(near(head, 3.08, 2.0, 1.4))
    assert texels_per_cm(lids) > 1.2 * camera_px_per_cm
    teeth = part_of(canvas, rig, "upper_teeth")
    assert texels_per_cm(teeth.part(np.abs(teeth.place[:, 0]) < 2.0)) > 0.9 * camera_px_per_cm


def test_a_texel_knows_its_place_on_the_skin(rig: Rig, canvas: Canvas) -> None:
    rows = dice().choice(len(canvas.texels), 200)
    for row in rows:
        corners = rig.topology.neutral[rig.topology.faces[canvas.triangle[row]]]
        low, high = corners.min(0) - 0.02, corners.max(0) + 0.02
        assert ((canvas.place[row] >= low) & (canvas.place[row] <= high)).all()


def test_a_spot_is_round_on_the_skin_where_the_atlas_stretches_it(face: Canvas) -> None:
    middle = int(np.flatnonzero(near(face, 0.3, 5.6, 0.15))[0])
    cover = strokes.spots(face, np.array([middle]), np.array([0.4]), 0.3)
    offset = (face.place - face.place[middle])[cover > 0.5]
    across, upright = np.ptp(offset[:, 0]), np.ptp(offset[:, 1])
    assert upright == pytest.approx(across, rel=0.2), "freckles once ran down the forehead"
    assert across == pytest.approx(0.8, abs=0.2)


def test_a_hair_is_as_long_on_the_skin_as_asked(face: Canvas) -> None:
    roots = np.flatnonzero(near(face, 0, 5.5, 2.0))[::40]
    headings = np.tile([0.0, 1.0, 0.0], (len(roots), 1))
    courses = strokes.grow(face, roots, headings, np.full(len(roots), 1.0))
    ends = np.floor(courses[:, -1]).astype(int)
    texel_row = np.full(face.size_px**2, -1)
    texel_row[face.texels] = np.arange(len(face.texels))
    reached = texel_row[ends[:, 1] * face.size_px + ends[:, 0]]
    lengths = np.linalg.norm(face.place[reached] - face.place[roots], axis=1)
    assert np.abs(lengths - 1.0).mean() < 0.1
    assert np.abs(lengths - 1.0).max() < 0.25
    rise = face.place[reached, 1] - face.place[roots, 1]
    assert (rise > 0.8).all(), "it grows where it was headed"


def test_a_hair_ends_at_the_border_of_its_island(face: Canvas) -> None:
    roots = np.flatnonzero(near(face, 0, 0, 4.0))[::200]
    courses = strokes.grow(face, roots, np.tile([1.0, 0.3, 0.0], (len(roots), 1)), np.full(len(roots), 60.0))
    column, row = np.floor(courses.reshape(-1, 2)).astype(int).T
    assert (face.triangle_at[row, column] >= 0).all()


def test_openings_are_measured_from_corner_to_corner_and_from_edge_outwards(rig: Rig, canvas: Canvas) -> None:
    for rings in (eye_rings(0), eye_rings(1), mouth_rings()):
        found = around(canvas, rings, rig.topology.num_vertices)
        x, y = canvas.home[found.rows, 0], canvas.home[found.rows, 1]
        at_edge = np.abs(found.ring - 2) < 0.6
        assert np.corrcoef(x[at_edge], found.along[at_edge])[0, 1] < -0.8, "from the actor's left to the right"
        middle = at_edge & (np.abs(found.along - 0.5) < 0.2)
        assert y[middle & found.is_upper].min() > y[middle & ~found.is_upper].max()
        assert found.along.min() >= 0
        assert found.along.max() <= 1


def test_brows_lie_over_the_eyes_and_weigh_what_they_should(face: Canvas) -> None:
    masses = []
    for weight in (0.4, 1.0, 1.4):
        painted = paint_brows(gray_base(face), face, replace(PLAIN, brow_weight=weight), dice())
        darkness = 0.6 - painted.mean(1)
        assert darkness[near(face, 0, 7, 1.5)].max() == 0, "the forehead stays bare"
        assert darkness[near(face, 3.08, 2.0, 0.8)].max() == 0, "so does the eye"
        masses.append(darkness[near(face, 3.0, 3.6, 2.5)].sum())
        left, right = (darkness[near(face, x, 3.6, 2.5)].sum() for x in (3.0, -3.0))
        assert left == pytest.approx(right, rel=0.2)
    assert 1.3 * masses[0] < masses[1] < masses[2]


def test_hair_covers_the_crown_recedes_and_is_lost(face: Canvas) -> None:
    def cover(hairline: float, x: float, y: float, radius_cm: float = 1.0) -> float:
        zone = hair_zone(face, replace(PLAIN, hairline=hairline), dice())
        return float(zone[near(face, x, y, radius_cm)].mean())

    assert cover(0.0, 0.0, 11.5) > 0.9
    assert cover(0.0, 0.0, 6.0) == 0
    assert cover(-1.0, 4.0, 7.5) > cover(0.0, 4.0, 7.5) > cover(1.0, 4.0, 7.5)
    assert cover(2.0, 0.0, 11.5) < 0.05
    painted = paint_hair(gray_base(face), face, PLAIN, dice())
    crown = painted[near(face, 0, 11.5, 1.0)]
    assert crown.mean() < 0.3
    assert crown.mean(1).std() > 0.01, "strands, not a helmet"


def test_a_beard_stays_on_the_jaw(face: Canvas) -> None:
    zone = beard_zone(face.home)
    assert zone[near(face, 0, -7.5, 0.8)].mean() > 0.8
    assert zone[near(face, 0, 5, 2)].max() == 0
    assert zone[near(face, 3.5, 0.5, 1)].max() < 0.01
    shaved, bearded = (paint_tone(face, replace(PLAIN, beard=beard), dice()) for beard in (0.0, 0.9))
    chin, brow = near(face, 0, -7.5, 0.8), near(face, 0, 5, 2)
    assert bearded[chin].mean() < 0.8 * shaved[chin].mean()
    assert bearded[brow].mean() == pytest.approx(shaved[brow].mean(), rel=0.01)


def test_years_draw_lines_and_youth_has_none(face: Canvas) -> None:
    forehead = near(face, 0, 6.1, 2.0)
    young, old = (
        paint_wrinkles(gray_base(face), face, replace(PLAIN, age=age), dice())[forehead].mean(1) for age in (0.0, 1.0)
    )
    assert young.std() < 1e-3
    assert old.std() > 0.01


def test_freckles_darken_cheeks_more_than_the_chin(face: Canvas) -> None:
    bare, strewn = (paint_tone(face, replace(PLAIN, freckles=amount), dice()).mean(1) for amount in (0.0, 1.0))
    loss = 1 - strewn / bare
    assert loss[near(face, 2.8, -0.3, 1.2)].mean() > 2 * max(loss[near(face, 0, -8, 0.7)].mean(), 0.002)


def test_lips_are_redder_than_skin_and_lipstick_redder_still(rig: Rig, face: Canvas) -> None:
    lower_lip, chin = near(face, 0, MOUTH_Y - 0.75, 0.3), near(face, 0, -7.5, 0.6)
    skin = np.tile(np.asarray(PLAIN.skin, np.float32), (len(face.texels), 1))

    def redness(makeup: float) -> tuple[float, float]:
        looks = replace(PLAIN, makeup=makeup)
        painted = paint_lips(skin.copy(), face, looks, rig.topology.num_vertices, dice())
        ratio = painted[:, 0] / painted[:, 1]
        return float(ratio[lower_lip].mean()), float(ratio[chin].mean())

    (bare, around_it), (made_up, _) = redness(0.0), redness(1.0)
    assert made_up > bare > 1.1 * around_it


def test_both_lips_are_measured_evenly_from_corner_to_corner(rig: Rig, face: Canvas) -> None:
    lips = around(face, mouth_rings(), rig.topology.num_vertices)
    is_visible = (lips.ring > 0.5) & (lips.ring < 4)
    x = face.home[lips.rows, 0]
    for half in (lips.is_upper, ~lips.is_upper):
        middle = is_visible & half & (np.abs(x) < 0.15)
        assert middle.any()
        np.testing.assert_allclose(lips.along[middle], 0.5, atol=0.05)
        aside = is_visible & half & (np.abs(np.abs(x) - 1.5) < 0.1)
        assert lips.along[aside & (x > 0)].mean() == pytest.approx(1 - lips.along[aside & (x < 0)].mean(), abs=0.03)


def test_the_iris_has_its_size_and_the_pupil_is_black(rig: Rig, canvas: Canvas) -> None:
    part = part_of(canvas, rig, "left_eye_front")
    eye = paint_eye(part, rig, 0, dice())
    offset = part.place - rig.eye_centres[0]
    brightness = eye.mean(1)
    pupil = offset[brightness < 0.03].mean(0)
    assert np.abs(pupil[0]) < 0.05, "the resting eye looks ahead"
    off_axis_cm = np.linalg.norm(offset - pupil, axis=1)
    assert brightness[off_axis_cm < 0.12].max() < 0.05
    rings = np.arange(0.3, 1.0, 0.02)
    profile = [brightness[np.abs(off_axis_cm - ring) < 0.03].mean() for ring in rings]
    limbus_cm = rings[np.gradient(profile).argmax()]
    assert 0.55 < limbus_cm < 0.70, "11 to 14 mm across on eyeballs larger than life"
    white = eye[(off_axis_cm > 0.8) & (off_axis_cm < 1.0)]
    assert 0.5 < white.mean() < 0.85, "never pure white"


@pytest.mark.parametrize("name", ["upper_teeth", "lower_teeth"])
def test_teeth_are_single_and_stand_in_pink_gums(rig: Rig, canvas: Canvas, name: str) -> None:
    fine = make_canvas(rig.topology, load_anatomy(), 1024)
    part = part_of(fine, rig, name)
    teeth = paint_teeth(part, rig, name == "upper_teeth", dice())
    front = (np.abs(part.place[:, 0]) < 1.25) & (part.normal[:, 2] > -0.5)
    part, teeth = part.part(front), teeth[front]
    edge_y = part.place[:, 1].min() if name == "upper_teeth" else part.place[:, 1].max()
    height_cm = np.abs(part.place[:, 1] - edge_y)
    outside = part.normal[:, 2] > 0.3
    crown = teeth[outside & (np.abs(part.place[:, 0]) < 0.9) & (height_cm > 0.3) & (height_cm < 0.6)]
    gum = teeth[outside & (np.abs(part.place[:, 0]) < 0.9) & (height_cm > 1.3)]
    assert np.median(crown, axis=0)[1] > 0.7
    assert (gum[:, 0] > 1.4 * gum[:, 1]).mean() > 0.9
    # Across the front teeth the brightness dips once between each two.
    band = outside & (height_cm > 0.35) & (height_cm < 0.55) & (np.abs(part.place[:, 0]) < 1.25)
    steps = np.arange(-1.2, 1.2, 0.04)
    x, brightness = part.place[band, 0], teeth[band].mean(1)
    profile = np.array([brightness[np.abs(x - step) < 0.03].mean() for step in steps])
    dips = (profile[1:-1] < profile[:-2]) & (profile[1:-1] <= profile[2:]) & (profile[1:-1] < profile.mean() - 0.06)
    assert dips.sum() in (range(3, 4) if name == "upper_teeth" else range(3, 6))


def test_the_bust_ends_in_cloth_of_the_seeds_colour(rig: Rig, canvas: Canvas) -> None:
    neck = part_of(canvas, rig, "neck")
    chest = (neck.home[:, 1] < -15) & (neck.home[:, 2] > 0)
    skin = np.tile(np.asarray(PLAIN.skin, np.float32), (len(neck.texels), 1))
    first, second = (paint_shirt(skin.copy(), neck, seed, dice())[chest].mean(0) for seed in (0, 4))
    assert first.mean() < 0.3
    assert np.abs(first - second).max() > 0.05
    throat = (neck.home[:, 1] > -11.5) & (neck.home[:, 2] > 2) & (np.abs(neck.home[:, 0]) < 2)
    np.testing.assert_allclose(paint_shirt(skin.copy(), neck, 0, dice())[throat], skin[throat], rtol=1e-5)


def test_folds_are_darker_than_the_open_forehead_and_no_vertex_stands_out(rig: Rig) -> None:
    openness = bake_occlusion(rig, rig.topology.neutral)
    assert openness.min() >= 0
    assert openness.max() <= 1
    anatomy, faces = load_anatomy(), rig.topology.faces
    home = anatomy.base - [0.0, 70.85, 5.08]
    forehead = (np.abs(home[:, 0]) < 3) & (home[:, 1] > 5) & (home[:, 1] < 8) & (home[:, 2] > 6)
    assert openness[forehead].min() > 0.85
    assert np.percentile(openness[anatomy.masks["ears"] > 0], 10) < 0.6, "the ear's bowl"
    sides_of_nose = (np.abs(home[:, 1] - 1.6) < 0.5) & (np.abs(np.abs(home[:, 0]) - 1.5) < 0.3) & (home[:, 2] > 5)
    assert openness[sides_of_nose].mean() < 0.85
    is_face = np.isin(faces, rig.topology.sets["face"]).all(axis=1)
    spread = np.ptp(openness[faces[is_face]], axis=1)
    assert np.percentile(spread, 95) < 0.3
