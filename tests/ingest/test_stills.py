"""Numbered pictures of every kind become 8-bit pictures, in order and without a hole."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.errors import CameraError, ShotError
from tests.ingest.head import BLUE, HEIGHT_PX, NUM_FRAMES, WIDTH_PX, picture, request, write_cache
from training.ingest.levels import srgb
from training.ingest.numbered import find_sequence
from training.ingest.plan import plan_ingest
from training.ingest.stills import StillFootage
from training.ingest.take_in import take_in

oiio = pytest.importorskip("OpenImageIO", reason="the `formats` extra is not installed")

_KINDS = [("png", "uint8", 8), ("png", "uint16", 16), ("tif", "uint16", 16), ("exr", "half", 16), ("dpx", "uint16", 10)]
_CODE = 0x01000000  # 01:00:00:00


def write_stills(
    folder: Path, suffix: str = "png", kind: str = "uint8", bits: int = 8, *, first: int = 1001,
    num_frames: int = NUM_FRAMES, code: int | None = _CODE, has_rate: bool = True,
    is_colour: bool = False,
) -> Path:  # fmt: skip
    """A sequence of the bar; EXR as linear light."""
    folder.mkdir()
    for index in range(num_frames):
        levels = picture(index).astype(np.float32)
        if suffix == "exr":
            levels = _linear(levels)
        spec = oiio.ImageSpec(WIDTH_PX, HEIGHT_PX, 3, kind)
        if suffix == "dpx":
            spec.attribute("oiio:BitsPerSample", bits)
            if has_rate:
                spec.attribute("dpx:FrameRate", 30.0)
        if suffix == "exr" and has_rate:
            spec.attribute("framesPerSecond", "rational", (30, 1))
        if suffix in ("exr", "dpx") and code is not None:
            spec.attribute("smpte:TimeCode", "timecode", (code + index % 10 + (index // 10 << 4), 0))
        path = folder / f"shot.{first + index:04}.{suffix}"
        writer = oiio.ImageOutput.create(str(path))
        assert writer.open(str(path), spec), writer.geterror()
        colour = np.repeat(levels[..., None], 3, axis=2)
        if is_colour:
            colour[BLUE] += 0.3
        assert writer.write_image(colour), writer.geterror()
        writer.close()
    return folder


def _linear(levels: np.ndarray) -> np.ndarray:
    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4).astype(np.float32)


@pytest.mark.parametrize(("suffix", "kind", "bits"), _KINDS)
@pytest.mark.parametrize("is_gray", [False, True])
def test_every_kind_of_picture_gives_the_levels_that_were_filmed(
    suffix: str, kind: str, bits: int, is_gray: bool, tmp_path: Path
) -> None:
    plates = write_stills(tmp_path / "plates", suffix, kind, bits, is_colour=not is_gray)
    footage = StillFootage(plates, Fraction(30), is_gray=is_gray)
    assert footage.facts.is_gray is is_gray
    assert (footage.facts.num_frames, footage.facts.num_bits, footage.facts.number) == (NUM_FRAMES, bits, 1001)
    for index, image in enumerate(footage.pictures()):
        wanted = np.floor(picture(index).astype(np.float32) * 255 + 0.5)
        found = image if is_gray else image[..., 1]
        assert np.abs(found - wanted).max() <= 1
        if bits == 16 and suffix != "exr":
            assert (found == wanted).mean() > 0.99, "rounded, not cut off"


@pytest.mark.parametrize(("suffix", "kind", "bits"), _KINDS[3:])
def test_the_header_gives_rate_and_timecode(suffix: str, kind: str, bits: int, tmp_path: Path) -> None:
    facts = StillFootage(write_stills(tmp_path / "plates", suffix, kind, bits)).facts
    assert (facts.rate, str(facts.timecode)) == (30, "01:00:00:00")


@pytest.mark.parametrize(("suffix", "kind", "bits"), _KINDS)
def test_three_equal_channels_are_gray(suffix: str, kind: str, bits: int, tmp_path: Path) -> None:
    footage = StillFootage(write_stills(tmp_path / "plates", suffix, kind, bits), Fraction(30))
    assert footage.facts.is_gray
    assert next(footage.pictures()).ndim == 2


def test_linear_light_is_said_to_have_got_a_curve(tmp_path: Path) -> None:
    (note,) = StillFootage(write_stills(tmp_path / "plates", "exr", "half")).facts.notes
    assert "sRGB" in note
    assert float(srgb(np.array(0.18))) == pytest.approx(0.461, abs=1e-3)


def test_a_sequence_and_a_point_cache_meet_by_timecode(tmp_path: Path) -> None:
    plates = write_stills(tmp_path / "plates", "exr", "half")
    cache = write_cache(tmp_path, timecode="01:00:00:04")
    ingested = take_in(plan_ingest(request(tmp_path, plates, cache)), lambda _: None)
    assert ingested.shot.facts.num_frames == NUM_FRAMES - 4
    assert str(ingested.shot.timecode) == "01:00:00:04"
    with ingested.shot.pictures() as movie:
        first = next(iter(movie))
    wanted = picture(4) * 255
    assert np.abs(first.astype(float) - wanted).mean() < 2.5


@pytest.mark.parametrize("name", ["", "shot.####.png", "shot.%04d.png", "shot.$F4.png", "shot.1003.png"])
def test_a_sequence_is_found_by_folder_pattern_or_one_of_its_files(name: str, tmp_path: Path) -> None:
    folder = write_stills(tmp_path / "plates")
    found = find_sequence(folder / name if name else folder, frozenset({".png"}))
    assert (len(found.paths), found.first, found.name) == (NUM_FRAMES, 1001, "shot.####.png")


def test_a_hole_is_named(tmp_path: Path) -> None:
    folder = write_stills(tmp_path / "plates")
    (folder / "shot.1004.png").unlink()
    with pytest.raises(ShotError, match=r"has a hole: 1004 is missing"):
        StillFootage(folder)


def test_two_sequences_in_a_folder_have_to_be_told_apart(tmp_path: Path) -> None:
    folder = write_stills(tmp_path / "plates")
    (folder / "other.1001.png").write_bytes((folder / "shot.1001.png").read_bytes())
    with pytest.raises(ShotError, match=r"several sequences: other\.####\.png, shot\.####\.png"):
        StillFootage(folder)
    assert StillFootage(folder / "shot.####.png").facts.num_frames == NUM_FRAMES


def test_a_cut_off_picture_is_named(tmp_path: Path) -> None:
    folder = write_stills(tmp_path / "plates", "exr", "half")
    path = folder / "shot.1006.exr"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CameraError, match=r"shot\.1006\.exr cannot be read"):
        list(StillFootage(folder).pictures())


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_cut_off_png_is_named_once_and_nothing_else_is_said(
    share: float, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = write_stills(tmp_path / "plates")
    path = folder / "shot.1006.png"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(CameraError, match=r"shot\.1006\.png cannot be read \(it breaks off\)"):
        list(StillFootage(folder, Fraction(30)).pictures())
    assert capfd.readouterr() == ("", "")


def test_a_png_with_a_wrong_byte_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = write_stills(tmp_path / "plates")
    data = bytearray((folder / "shot.1006.png").read_bytes())
    data[len(data) // 2] ^= 255
    (folder / "shot.1006.png").write_bytes(data)
    with pytest.raises(CameraError, match="its checksum is wrong"):
        list(StillFootage(folder, Fraction(30)).pictures())
    assert capfd.readouterr() == ("", "")


def test_a_picture_of_another_size_is_named(tmp_path: Path) -> None:
    folder = write_stills(tmp_path / "plates")
    spec = oiio.ImageSpec(WIDTH_PX // 2, HEIGHT_PX, 3, "uint8")
    writer = oiio.ImageOutput.create("a.png")
    writer.open(str(folder / "shot.1007.png"), spec)
    writer.write_image(np.zeros((HEIGHT_PX, WIDTH_PX // 2, 3), np.float32))
    writer.close()
    with pytest.raises(CameraError, match=r"shot\.1007\.png is 48x128"):
        list(StillFootage(folder).pictures())


def test_a_timecode_that_jumps_is_refused(tmp_path: Path) -> None:
    folder = write_stills(tmp_path / "plates", "dpx", "uint16", 10, num_frames=5)
    late = write_stills(tmp_path / "late", "dpx", "uint16", 10, first=1006, num_frames=1, code=0x01000500)
    (late / "shot.1006.dpx").rename(folder / "shot.1006.dpx")
    with pytest.raises(ShotError, match="jumps"):
        StillFootage(folder)
