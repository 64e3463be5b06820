"""What the contact sheet measures and finds, on the tiny data set."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.crop import to_gray
from engine.mesh import Topology
from engine.movies import MovieWriter
from engine.points import PointCacheWriter
from engine.render import Orbit
from engine.shots import FRONT, DataSet, Role, Shot
from tests.training.tiny_data import CROP, FRAME_HEIGHT_PX, FRAME_WIDTH_PX, NUM_VERTICES, tiny_topology, write_tiny_data
from training.sheet import BadFrames, Survey, Weight, findings_of, look_through
from training.sheet.alignment import Offset, find_offset, own_changes
from training.sheet.findings import flicker_levels
from training.sheet.meshes import with_face
from training.sheet.motion import count_closings, measure_motion
from training.sheet.pictures import read_pictures

_LENGTH = 120


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Shots a and b of 120 frames, v (validation) of 60."""
    write_tiny_data(tmp_path / "data", _LENGTH)
    return tmp_path / "data"


def survey(folder: Path) -> Survey:
    return look_through(DataSet.open(folder), 4, FRONT, lambda _: None)


def told(folder: Path, shot: str) -> list[str]:
    return [finding.words for finding in findings_of(survey(folder)) if finding.shot == shot]


def film_again(folder: Path, name: str, change: Callable[[int, np.ndarray], np.ndarray]) -> None:
    """Replace a shot's movie by one whose pictures were changed."""
    shot = Shot.open(folder / name)
    with shot.pictures() as movie:
        pictures = [to_gray(picture) for picture in movie]
    path = shot.movie_path()
    path.unlink()
    with MovieWriter(path, FRAME_WIDTH_PX, FRAME_HEIGHT_PX, Fraction(30), is_gray=True, crf=4) as movie:
        for index, picture in enumerate(pictures):
            movie.write(change(index, picture))


def cache_again(folder: Path, name: str, vertices: np.ndarray) -> None:
    with PointCacheWriter(folder / name / "points.pc2", NUM_VERTICES) as points:
        for mesh in vertices:
            points.write(mesh)


def test_every_frame_is_told_to_the_progress_once(folder: Path) -> None:
    steps: list[int] = []
    look_through(DataSet.open(folder), 4, FRONT, steps.append)
    assert sum(steps) == 2 * _LENGTH + _LENGTH // 2


def test_a_sound_shot_gives_no_finding(folder: Path) -> None:
    assert told(folder, "a") == []
    assert told(folder, "b") == []


@pytest.mark.parametrize(("shift", "words"), [(5, "5 frames late"), (-5, "5 frames early")])
def test_a_cache_that_lies_beside_its_movie_is_found(folder: Path, shift: int, words: str) -> None:
    vertices = np.array(Shot.open(folder / "b").vertices())
    held = np.clip(np.arange(_LENGTH) - shift, 0, _LENGTH - 1)  # what runs over the end stands still
    cache_again(folder, "b", vertices[held])
    assert {finding.shot for finding in findings_of(survey(folder)) if finding.weight is Weight.WRONG} == {"b"}
    assert words in " ".join(told(folder, "b"))


def test_a_head_that_moves_and_a_lamp_are_taken_out_of_the_picture_and_a_mouth_is_not() -> None:
    y, x = np.mgrid[:32, :24].astype(np.float64)

    def face(shift: float, light: float, mouth: float) -> np.ndarray:
        head = 100 + 40 * np.exp(-(((x - 12 - shift) / 7) ** 2) - ((y - 14) / 10) ** 2)
        return light * head - mouth * np.exp(-(((x - 12 - shift) / 3) ** 2) - ((y - 22) / 2) ** 2)

    def left(shift: float = 0.0, light: float = 1.0, mouth: float = 0.0) -> float:
        pictures = np.array([face(-shift, 1 / light, 0), face(0, 1, mouth / 2), face(shift, light, mouth)])
        return float(np.linalg.norm(own_changes(pictures)) / np.linalg.norm(pictures[2] - pictures[0]))

    assert left(shift=0.3) < 0.05
    assert left(light=1.05) < 0.05
    assert left(mouth=5.0) > 0.7


@pytest.mark.parametrize(
    ("agreement", "prominence", "is_foreign"), [(0.28, 3.5, False), (0.28, 2.0, True), (0.7, 2.5, False)]
)
def test_a_weak_agreement_that_stands_out_is_no_foreign_cache(
    agreement: float, prominence: float, is_foreign: bool
) -> None:
    assert Offset(0, agreement, agreement, (), prominence).is_foreign == is_foreign


def test_one_slip_of_a_tracker_does_not_hide_where_the_cache_belongs(folder: Path) -> None:
    vertices = np.array(Shot.open(folder / "a").vertices())
    vertices[80] += np.float32([0, 3, 0])
    cache_again(folder, "a", vertices)
    offset = survey(folder).shots[0].offset
    assert offset is not None
    assert offset.num_frames == 0
    assert offset.agreement > 0.5


def test_the_cache_of_another_performance_is_found(folder: Path) -> None:
    rng = np.random.default_rng(3)
    walk = np.cumsum(rng.normal(size=(_LENGTH, 3, 1)), axis=0) * np.ones((1, 1, NUM_VERTICES))
    cache_again(folder, "b", (tiny_topology().neutral + 0.05 * walk.transpose(0, 2, 1)).astype(np.float32))
    assert any("another take's cache" in words or "frames" in words for words in told(folder, "b"))
    assert told(folder, "a") == []


def test_a_short_shot_is_not_compared(folder: Path) -> None:
    offsets = {one.name: one.offset for one in survey(folder).shots}
    assert offsets["v"] is None
    assert offsets["a"] is not None
    assert offsets["a"].num_frames == 0


def test_a_still_shot_is_not_compared() -> None:
    assert find_offset(np.ones((200, 32, 24), np.float32), np.ones((200, 5, 3), np.float32)) is None


def test_a_picture_that_stands_still_while_the_mesh_moves_is_found(folder: Path) -> None:
    kept: list[np.ndarray] = []

    def freeze(index: int, picture: np.ndarray) -> np.ndarray:
        kept.append(picture)
        return kept[40] if 40 <= index < 46 else picture

    film_again(folder, "a", freeze)
    bad = BadFrames.of(survey(folder).shots[0])
    assert set(range(42, 46)) <= set(bad.frozen.tolist()) <= set(range(41, 46))
    assert any("stands still" in words for words in told(folder, "a"))


def test_a_mesh_that_stands_still_while_the_picture_moves_is_found(folder: Path) -> None:
    vertices = np.array(Shot.open(folder / "a").vertices())
    vertices[80:90] = vertices[79]
    cache_again(folder, "a", vertices)
    assert "the mesh stands still while the picture moves: frames 80 to 89" in told(folder, "a")


def test_a_frame_in_which_the_whole_head_jumps_is_named(folder: Path) -> None:
    vertices = np.array(Shot.open(folder / "a").vertices())
    vertices[80] += np.float32([0, 3, 0])
    cache_again(folder, "a", vertices)
    assert "the whole head jumps from the frame before: frames 80 to 81" in told(folder, "a")


def test_a_vertex_that_jumps_is_named_by_its_frames(folder: Path) -> None:
    vertices = np.array(Shot.open(folder / "a").vertices())
    vertices[30, 5] += np.float32([0, 0, 12])
    cache_again(folder, "a", vertices)
    assert "a vertex jumps more than 5 cm from the frame before: frames 30 to 31" in told(folder, "a")


def test_black_frames_are_found_and_told_once(folder: Path) -> None:
    film_again(folder, "a", lambda index, picture: picture * 0 if 20 <= index < 23 else picture)
    assert "black: frames 20 to 22" in told(folder, "a")
    assert not any("light jumps" in words for words in told(folder, "a"))


def test_an_underexposed_shot_is_found(folder: Path) -> None:
    film_again(folder, "a", lambda _, picture: picture // 3)
    assert any(words.startswith("underexposed") for words in told(folder, "a"))
    assert not any("underexposed" in words for words in told(folder, "b"))


def test_a_light_that_jumps_is_found(folder: Path) -> None:
    film_again(folder, "a", lambda index, picture: np.minimum(picture, 200) + np.uint8(40 * (index >= 70)))
    assert "the light jumps: frame 70" in told(folder, "a")


def test_a_validation_brighter_than_the_training_is_found(folder: Path) -> None:
    film_again(folder, "v", lambda _, picture: np.minimum(picture, 200) + np.uint8(40))
    assert any("validation is" in words and "brighter" in words for words in told(folder, ""))


def test_a_soft_shot_is_found(folder: Path) -> None:
    rough = np.random.default_rng(1).integers(0, 55, (FRAME_HEIGHT_PX, FRAME_WIDTH_PX), np.uint8)
    for name in ("a", "v"):
        film_again(folder, name, lambda _, picture: np.minimum(picture, 200) + rough)
    assert any("soft" in words for words in told(folder, "b"))


def test_a_movie_without_its_tail_is_found(folder: Path) -> None:
    data = DataSet.open(folder)
    longer = Shot(folder / "a", replace(data.shots[0].facts, num_frames=_LENGTH + 20))
    short = survey(folder)
    pictures = read_pictures(longer, CROP, frozenset({0, _LENGTH + 5}), FRONT, lambda _: None)
    assert len(pictures) == _LENGTH
    assert list(pictures.thumbnails) == [0]
    whole = replace(short, shots=(replace(short.shots[0], shot=longer, pictures=pictures), *short.shots[1:]))
    words = [finding.words for finding in findings_of(whole) if finding.shot == "a"]
    assert f"the movie holds {_LENGTH} frames, the shot claims {_LENGTH + 20}" in words


def test_missing_parts_are_told(folder: Path) -> None:
    words = " ".join(told(folder, ""))
    assert "no shots of pangrams, in-character" in words
    data = DataSet.open(folder)
    DataSet.write_manifest(folder, "tiny", data.cameras, ["a", "b"])
    assert any("no validation shot" in words for words in told(folder, ""))


def test_parts_add_up(folder: Path) -> None:
    parts = {part.role: part for part in survey(folder).parts}
    assert parts[Role.VALIDATION].share == pytest.approx(0.2)
    assert sum(part.num_frames for part in parts.values()) == 2 * _LENGTH + _LENGTH // 2
    assert sum(part.share for part in parts.values()) == pytest.approx(1)


def test_motion_is_told_in_millimetres() -> None:
    topology = tiny_topology()
    vertices = np.repeat(topology.neutral[None], 3, axis=0)
    vertices[1:, :, 1] += 0.2  # 2 mm, then still
    motion = measure_motion(vertices, topology)
    np.testing.assert_allclose(motion.from_neutral, [0, 2, 2], atol=1e-4)
    np.testing.assert_allclose(motion.speed, [0, 2, 0], atol=1e-4)
    np.testing.assert_allclose(motion.regions["lips"], [0, 2, 2], atol=1e-4)
    assert motion.num_blinks is None, "the tiny mesh names no lids"


def test_meshes_that_are_no_numbers_are_counted() -> None:
    topology = tiny_topology()
    vertices = np.repeat(topology.neutral[None], 4, axis=0)
    vertices[2, 7, 1] = np.nan
    motion = measure_motion(vertices, topology)
    assert motion.num_broken == 1
    assert np.isfinite(motion.from_neutral).all()


def test_lids_that_close_and_open_are_a_blink() -> None:
    gaps = np.full(60, 9.0)
    gaps[10:13] = (4, 0.5, 4)
    gaps[30:33] = (6, 5, 6)  # a squint
    gaps[50:] = 0.5  # shut to the end: not open again yet
    assert count_closings(gaps) == 1


def test_the_gap_between_paired_vertices_is_measured() -> None:
    tiny = tiny_topology()
    sets = {**tiny.sets, "contact_pairs": np.array([[10, 11], [12, 13]], np.int32)}
    topology = Topology(tiny.faces, tiny.uv, tiny.uv_faces, tiny.neutral, sets)
    motion = measure_motion(tiny.neutral[None], topology)
    gaps = np.linalg.norm(tiny.neutral[[10, 12]] - tiny.neutral[[11, 13]], axis=1)
    assert motion.lip_gap is not None
    assert motion.lip_gap[0] == pytest.approx(10 * gaps.mean(), rel=1e-5)
    assert motion.lid_gap is None


def test_flicker_is_told_from_a_slow_change() -> None:
    slow = np.linspace(100, 140, 200)
    assert flicker_levels(slow) < 0.3
    assert flicker_levels(slow + 3 * np.cos(np.pi * np.arange(200))) == pytest.approx(3, rel=0.15)


def test_two_motions_need_two_components(folder: Path) -> None:
    assert survey(folder).num_components == 2


def test_motion_is_said_to_be_from_the_frame_that_stands_for_the_neutral_face(folder: Path) -> None:
    assert survey(folder).rest_words == "neutral"
    first = Shot.open(folder / "b").vertices()[7]
    replace(tiny_topology(), neutral=np.array(first)).save(folder / "topology.npz")
    assert survey(folder).rest_words == "frame 7 of b"


def test_a_bust_that_names_no_face_is_framed_on_what_moves() -> None:
    tiny = tiny_topology()
    bust = np.concatenate([tiny.neutral, tiny.neutral * 6 - (0, 30, 0)]).astype(np.float32)
    uv = np.concatenate([tiny.uv, tiny.uv])
    faces = np.concatenate([tiny.faces, tiny.faces + NUM_VERTICES])
    whole = Topology(faces, uv, faces.copy(), bust, {"animated": np.arange(NUM_VERTICES, dtype=np.int32)})
    alone = Topology(tiny.faces, tiny.uv, tiny.uv_faces, tiny.neutral, {"face": np.arange(NUM_VERTICES)})
    framed, wanted, before = (Orbit.framing(topology) for topology in (with_face(whole), alone, whole))
    assert framed.distance_cm == pytest.approx(wanted.distance_cm, rel=0.1)
    assert before.distance_cm > 4 * wanted.distance_cm
    assert with_face(alone) is alone
