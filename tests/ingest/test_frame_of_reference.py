"""Unit, up axis, winding and vertex order, stated or found out."""

import numpy as np
import pytest

from engine.errors import ShotError
from engine.space import LengthUnit, UpAxis, from_house, to_house
from tests.ingest.head import head, performance
from training.ingest.actor_mesh import Winding, build_topology, check_faces
from training.ingest.frame_of_reference import Claim, Space, check_order, find_space
from training.ingest.motion import Motion, MotionWatch
from training.ingest.polygons import Polygons, signed_volume

_HEAD = head().neutral
_TALKING = performance()[4]


def polygons(faces: np.ndarray, *, is_clockwise: bool = False) -> Polygons:
    return Polygons(np.full(len(faces), 3, np.int32), faces.reshape(-1), is_clockwise=is_clockwise)


@pytest.mark.parametrize("unit", list(LengthUnit))
@pytest.mark.parametrize("up", list(UpAxis))
@pytest.mark.parametrize("has_reference", [False, True])
def test_unit_and_up_axis_are_found_out(unit: LengthUnit, up: UpAxis, has_reference: bool) -> None:
    space = find_space(from_house(_TALKING, unit, up), Claim(), _HEAD if has_reference else None)
    assert (space.unit, space.up) == (unit, up)


def test_coordinates_in_our_own_space_pass_bit_for_bit() -> None:
    assert to_house(_HEAD, LengthUnit.CM, UpAxis.Y).tobytes() == _HEAD.tobytes()
    turned = from_house(_HEAD, LengthUnit.CM, UpAxis.Z)
    np.testing.assert_array_equal(to_house(turned, LengthUnit.CM, UpAxis.Z), _HEAD)
    top, nose = _HEAD[:, 1].argmax(), _HEAD[:, 2].argmax()
    assert turned[top, 2] > 11, "z is up"
    assert turned[nose, 1] < -11, "the face looks along -y"


def test_a_head_22_m_high_is_refused_with_what_it_would_be() -> None:
    with pytest.raises(ShotError, match="In m the head is 24 m high") as refused:
        find_space(_HEAD, Claim(user_unit=LengthUnit.M), None)
    assert refused.value.recovery == "It would be 24 cm with --unit cm."


def test_a_file_that_states_a_wrong_unit_is_mended_and_said_to_be() -> None:
    space = find_space(_HEAD, Claim(file_unit=LengthUnit.M), None)
    assert space.unit is LengthUnit.CM
    assert "states m, by which the head would be 24 m high: cm was taken" in space.notes[0]


def test_a_size_that_tells_no_unit_is_refused() -> None:
    for factor in (16.0 / 24, 1e4):
        with pytest.raises(ShotError, match="tells no unit"):
            find_space(_HEAD * np.float32(factor), Claim(), None)
    assert find_space(_HEAD * np.float32(16.0 / 24), Claim(user_unit=LengthUnit.CM), None).unit is LengthUnit.CM


def test_a_ball_needs_its_axis_stated() -> None:
    ball = _HEAD * np.float32([1, 22.5 / 24, 1])
    with pytest.raises(ShotError, match="up axis cannot be told"):
        find_space(ball, Claim(), None)
    assert find_space(ball, Claim(user_up=UpAxis.Z), None).how_up == "stated"


def test_an_axis_stated_against_all_evidence_is_doubted() -> None:
    (doubt,) = find_space(_HEAD, Claim(user_up=UpAxis.Z), None).notes
    assert doubt == "You state z up, but the head seems to stand along y."


@pytest.mark.parametrize("is_clockwise", [False, True])
def test_faces_end_up_counter_clockwise_whatever_the_file_says(is_clockwise: bool) -> None:
    faces = head().faces
    for order in ([0, 1, 2], [0, 2, 1]):
        mesh = build_topology(polygons(faces[:, order], is_clockwise=is_clockwise), _HEAD, Winding.AUTO)
        assert signed_volume(_HEAD, mesh.topology.faces) > 0
        was_right = (order == [0, 1, 2]) != is_clockwise
        assert any("turned" in note for note in mesh.notes) != was_right


def test_a_stated_winding_is_kept_and_doubted() -> None:
    mesh = build_topology(polygons(head().faces), _HEAD, Winding.CW)
    assert signed_volume(_HEAD, mesh.topology.faces) < 0
    assert any("look inwards" in note for note in mesh.notes)


def test_another_vertex_order_is_refused() -> None:
    shuffled = _TALKING[np.random.default_rng(1).permutation(len(_TALKING))]
    with pytest.raises(ShotError, match="another order"):
        check_order(shuffled, _HEAD, head().faces)


@pytest.mark.parametrize("factor", [0.8, 1.3])
def test_a_head_of_another_size_is_not_called_one_of_another_order(factor: float) -> None:
    with pytest.raises(ShotError, match=rf"is {factor:.1f}\d times the actor's size") as refused:
        check_order(_HEAD * np.float32(factor), _HEAD, head().faces)
    assert "--unit" in refused.value.recovery


def test_a_wrong_axis_is_named_rather_than_the_unit() -> None:
    low = _HEAD * np.float32([1, 1, 0.5])
    for unit, reference in ((LengthUnit.CM, None), (LengthUnit.CM, low), (None, low)):
        with pytest.raises(ShotError, match=r"With z up, as stated, .* stands along y") as refused:
            find_space(low, Claim(user_unit=unit, user_up=UpAxis.Z), reference)
        assert refused.value.recovery == "Give --up y, or leave --up out."


@pytest.mark.parametrize("signs", [(1, -1, -1), (-1, -1, 1), (-1, 1, -1)])
def test_a_head_upside_down_or_back_to_front_is_named_as_one(signs: tuple[int, int, int]) -> None:
    with pytest.raises(ShotError, match=r"turned by 1(79|80) degrees .*upside down"):
        find_space(_TALKING * np.float32(signs), Claim(), _HEAD)


def test_a_mirror_image_is_named_as_one() -> None:
    with pytest.raises(ShotError, match="mirror image"):
        check_order(_TALKING * np.float32([1, 1, -1]), _HEAD, head().faces)


def test_a_head_that_looks_elsewhere_is_refused() -> None:
    with pytest.raises(ShotError, match="turned by 90 degrees"):
        check_order(_TALKING[:, [2, 1, 0]] * np.float32([1, 1, -1]), _HEAD, head().faces)


def test_a_head_that_stands_elsewhere_is_pointed_out() -> None:
    assert check_order(_TALKING, _HEAD, head().faces) == ()
    (note,) = check_order(_TALKING + np.float32([3, 0, 0]), _HEAD, head().faces)
    assert "3.0 cm" in note


def test_other_faces_are_refused_and_another_cut_of_the_same_quads_is_not() -> None:
    quad = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    flat = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
    topology = build_topology(polygons(quad), flat, Winding.CCW).topology
    check_faces(polygons(np.array([[0, 1, 3], [1, 2, 3]], np.int32)), topology)
    check_faces(Polygons(np.array([4], np.int32), np.array([0, 1, 2, 3], np.int32)), topology)
    with pytest.raises(ShotError, match="faces are not the actor's"):
        check_faces(polygons(head().faces[::-1][:50] + 5), topology)


def test_a_still_skull_is_still_whatever_the_jaw_does() -> None:
    motion = _watched(performance())
    assert motion.warnings == ()
    assert motion.head_travel_cm < 1e-4
    assert motion.largest_mm == pytest.approx(19.9, abs=0.3)


def test_a_head_that_was_not_stabilised_is_pointed_out() -> None:
    moving = performance() + np.linspace(0, 3, 10)[:, None, None].astype(np.float32) * np.float32([1, 0, 0])
    motion = _watched(moving)
    assert motion.head_travel_cm == pytest.approx(3, abs=0.05)
    assert "not stabilised" in motion.warnings[0]


def test_a_turning_head_is_pointed_out_by_its_angle() -> None:
    angle = np.radians(5)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]], np.float32)
    vertices = performance()
    vertices[5:] = vertices[5:] @ turn.T
    assert _watched(vertices).head_turn_deg == pytest.approx(5, abs=0.2)


def test_a_mesh_that_blows_up_is_refused_by_its_frame() -> None:
    vertices = performance()
    vertices[6, 3] = 900
    with pytest.raises(ShotError, match=r"in frame 7 and 2\d cm in the first"):
        _watched(vertices)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (50, 80, "frozen from frame 51 to the end: 30 meshes"),
        (10, 40, "frozen in the frames 11 to 40"),
        (50, 60, "repeats its mesh while a face would move: frames 51 to 60"),
        (50, 53, None),
    ],
)
def test_meshes_that_stand_still_are_pointed_out(first: int, last: int, words: str | None) -> None:
    vertices = performance(80)
    vertices[first:last] = vertices[first]
    warnings = _watched(vertices).warnings
    assert [words in warning for warning in warnings] == [True] if words else warnings == (), warnings


def test_a_frame_in_which_the_whole_head_jumps_is_named() -> None:
    vertices = performance(80)
    vertices[40] += np.float32([0, 3, 0])
    (warning,) = (words for words in _watched(vertices).warnings if "whole head" in words)
    assert "frames 41 to 42" in warning
    vertices = performance(80) + np.cumsum(np.full(80, 0.4, np.float32))[:, None, None]
    assert not any("whole head" in words for words in _watched(vertices).warnings), "it glides"


def test_a_vertex_that_jumps_is_named_with_its_frames() -> None:
    vertices = performance(80)
    vertices[20, 7] += np.float32([0, 0, 12])
    (warning,) = _watched(vertices).warnings
    assert warning == "Vertex 7 jumps more than 5 cm from the frame before: frames 21 to 22."


def test_a_cache_that_never_moves_is_pointed_out() -> None:
    (warning,) = _watched(np.repeat(_TALKING[None], 30, axis=0)).warnings
    assert "Nothing moves: the meshes of all 30 frames are the same" in warning


def _watched(vertices: np.ndarray) -> Motion:
    watch = MotionWatch(len(vertices))
    for index, mesh in enumerate(vertices):
        watch.see(mesh, f"frame {index + 1}")
    return watch.judge()


def test_a_space_says_how_it_was_found() -> None:
    assert find_space(_HEAD, Claim(), None) == Space(LengthUnit.CM, UpAxis.Y, "found out: 24.0 cm high", "found out")
