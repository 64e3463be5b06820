"""Which mesh belongs to which picture."""

from fractions import Fraction
from pathlib import Path

import pytest

from engine.errors import ShotError
from engine.timecode import Timecode
from training.ingest.align import Overlap, align
from training.ingest.footage import FootageFacts
from training.ingest.source import PointFacts, nearest_rate

_RATE = Fraction(30)
_NTSC = Fraction(30000, 1001)


def film(
    num_frames: int, timecode: str | None = None, number: int | None = None, rate: Fraction = _RATE
) -> FootageFacts:
    code = Timecode.parse(timecode, rate) if timecode else None
    return FootageFacts(Path("a.mov"), 8, 8, num_frames, rate, True, "h264", 8, code, number)


def lay(
    footage: FootageFacts, num_meshes: int, code: str | None = None, number: int | None = None,
    offset: int | None = None, rate: Fraction = _RATE,
) -> Overlap:  # fmt: skip
    points = PointFacts(num_meshes, 3, timecode=code, number=number)
    return align({"front": footage}, points, {} if offset is None else {"front": offset}, rate)


def spans(overlap: Overlap) -> tuple[int, int, int]:
    return overlap.first_mesh, overlap.first_picture("front"), overlap.num_frames


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("01:00:00:00", (0, 0, 90)),
        ("01:00:00:10", (0, 10, 80)),
        ("00:59:59:20", (10, 0, 80)),
    ],
)
def test_timecode_lays_meshes_and_pictures_together(code: str, expected: tuple[int, int, int]) -> None:
    assert spans(lay(film(90, "01:00:00:00"), 90, code)) == expected


def test_drop_frame_labels_count_frames_not_labels() -> None:
    footage = film(90, "01:00:59;28", rate=_NTSC)
    assert spans(lay(footage, 90, "01:01:00;02", rate=_NTSC)) == (0, 2, 88)


def test_a_shot_across_midnight_is_one_shot() -> None:
    assert spans(lay(film(90, "23:59:59:00"), 90, "00:00:00:00")) == (0, 30, 60)


@pytest.mark.parametrize(
    ("offset", "expected"), [(0, (0, 0, 80)), (5, (0, 5, 80)), (20, (0, 20, 70)), (-7, (7, 0, 73))]
)
def test_an_offset_is_the_picture_of_the_first_mesh_and_beats_timecode(
    offset: int, expected: tuple[int, int, int]
) -> None:
    assert spans(lay(film(90, "01:00:00:00"), 80, "09:00:00:00", offset=offset)) == expected


def test_equal_counts_without_labels_are_laid_first_to_first() -> None:
    overlap = lay(film(90), 90)
    assert spans(overlap) == (0, 0, 90)
    assert "equal counts" in overlap.shifts["front"].how


@pytest.mark.parametrize("number", [None, 0, 1, 1001])
def test_counts_that_differ_without_a_common_label_are_refused(number: int | None) -> None:
    with pytest.raises(ShotError, match="90 pictures, the point cache 89 meshes") as refused:
        lay(film(90, "10:00:00:00"), 89, number=number)
    assert "--offset" in refused.value.recovery


@pytest.mark.parametrize(
    ("movie_code", "points_code", "lacking", "is_points_timecode_of_use"),
    [
        ("10:00:00:00", None, "the point cache", True),
        (None, "10:00:00:00", "the movie", False),  # stating it once led to the same message again
        (None, None, "either", False),
    ],
)
def test_the_way_out_is_one_that_leads_out(
    movie_code: str | None, points_code: str | None, lacking: str, is_points_timecode_of_use: bool
) -> None:
    with pytest.raises(ShotError, match=f"no timecode on {lacking}") as refused:
        lay(film(90, movie_code), 89, points_code)
    assert "--offset N" in refused.value.recovery
    assert ("--points-timecode" in refused.value.recovery) is is_points_timecode_of_use


def test_a_frame_number_within_the_movie_is_a_count_since_midnight() -> None:
    start = Timecode.parse("10:00:00:00", _RATE).frame_number
    overlap = lay(film(90, "10:00:00:00"), 40, number=start + 12)
    assert spans(overlap) == (0, 12, 40)
    assert "since midnight" in overlap.shifts["front"].how


def test_files_numbered_alike_meet_by_their_numbers() -> None:
    assert spans(lay(film(90, number=1001), 40, number=1013)) == (0, 12, 40)


def test_numbers_that_say_nothing_do_not_shift_equal_counts() -> None:
    assert spans(lay(film(90, number=0), 90, number=1)) == (0, 0, 90)


@pytest.mark.parametrize(
    ("code", "number", "offset"), [("12:00:00:00", None, None), (None, 36000 * 30, None), (None, None, 90)]
)
def test_no_overlap_is_refused_with_both_spans(code: str | None, number: int | None, offset: int | None) -> None:
    with pytest.raises(ShotError, match="No mesh belongs to any picture: the front movie 01:00:00:00 to 01:00:02:29"):
        lay(film(90, "01:00:00:00"), 90, code, number, offset)


def test_two_cameras_are_cut_to_what_both_and_the_meshes_have() -> None:
    footage = {"front": film(90, "01:00:00:00"), "side": film(60, "01:00:00:20")}
    overlap = align(footage, PointFacts(100, 3, timecode="01:00:00:10"), {}, _RATE)
    assert (overlap.first_mesh, overlap.num_frames) == (10, 60)
    assert (overlap.first_picture("front"), overlap.first_picture("side")) == (20, 0)


@pytest.mark.parametrize(
    ("said", "meant"),
    [(29.97, _NTSC), (30.0, _RATE), (23.976, Fraction(24000, 1001)), (119.88, Fraction(120000, 1001))],
)
def test_a_decimal_rate_is_what_people_mean_by_it(said: float, meant: Fraction) -> None:
    assert nearest_rate(said) == meant


def test_a_rate_known_too_coarsely_is_not_guessed() -> None:
    assert nearest_rate(29.98, tolerance=1e-3) is None
