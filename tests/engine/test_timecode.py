from fractions import Fraction

import pytest

from engine.timecode import Timecode

FILM, PAL, NTSC, FAST = Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(60000, 1001)


@pytest.mark.parametrize(
    ("label", "rate", "frame_number"),
    [
        ("00:00:00:00", FILM, 0),
        ("01:00:00:00", PAL, 90_000),
        ("10:20:30:29", Fraction(30), 1_116_929),
        ("00:00:59;29", NTSC, 1_799),
        ("00:01:00;02", NTSC, 1_800),  # labels 00 and 01 of this minute do not exist
        ("00:10:00;00", NTSC, 17_982),  # but those of every tenth do
        ("01:00:00;00", NTSC, 107_892),
        ("00:01:00;04", FAST, 3_600),
        ("00:00:01:119", Fraction(120), 239),
    ],
)
def test_labels_and_frame_counts_agree_both_ways(label: str, rate: Fraction, frame_number: int) -> None:
    timecode = Timecode.parse(label, rate)
    assert timecode.frame_number == frame_number
    assert str(timecode) == label


def test_every_drop_frame_label_of_eleven_minutes_reads_back_and_none_repeats() -> None:
    labels = [str(Timecode(number, NTSC, True)) for number in range(11 * 1800)]
    assert len(set(labels)) == len(labels)
    assert [Timecode.parse(label, NTSC).frame_number for label in labels] == list(range(len(labels)))


@pytest.mark.parametrize(
    "label", ["1:00:00:00", "00:00:00", "24:00:00:00", "00:60:00:00", "00:00:00:25", "00:01:00;00"]
)
def test_labels_that_do_not_exist_are_refused(label: str) -> None:
    rate = NTSC if ";" in label else PAL
    with pytest.raises(ValueError, match="timecode"):
        Timecode.parse(label, rate)


def test_drop_frame_is_refused_where_it_does_not_exist() -> None:
    with pytest.raises(ValueError, match="drop-frame"):
        Timecode(0, PAL, True)


def test_plus_counts_frames() -> None:
    assert str(Timecode.parse("00:00:59;29", NTSC).plus(1)) == "00:01:00;02"
    with pytest.raises(ValueError, match="frame_number"):
        Timecode(3, PAL).plus(-4)
