from dataclasses import replace
from fractions import Fraction

import numpy as np

from app.figures import UNKNOWN, camera_words, causes, machinery_words, rate_words, readings_of, timecode_words
from app.lateness import Lateness
from engine.cameras import CameraFacts
from engine.frames import CropRect, Frame, MeshFrame
from engine.statistics import Drops, Percentiles, Rates, Statistics
from engine.timecode import Timecode
from tests.fakes import frame, picture

FACTS = CameraFacts("clip", 1200, 1600, Fraction(30000, 1001), True, None)
FPS, LATENCY = Rates(29.97, 29.0, 28.04), Percentiles(21.26, 99.96, 1234.5)


def statistics(
    fps: Rates = FPS,
    latency: Percentiles | None = LATENCY,
    rmse_mm: float | None = 1.4142,
    displayed: int = 880,
) -> Statistics:
    return Statistics(
        frames=1000, solved=900, displayed=displayed, errors=0, dropped=Drops(0, 100, 20), fps=fps, mean_fps=fps,
        solve_latency_ms=latency, display_latency_ms=latency, crop_ms=Percentiles(2.0, 3.0, 4.0),
        network_ms=Percentiles(10.5, 12.0, 14.0), rmse_mm=rmse_mm, backend="onnxruntime", precision="float32",
        provider="CPU", notes=(),
    )  # fmt: skip


def test_figures_say_what_was_measured() -> None:
    readings = readings_of(statistics(), FACTS, 33.3)
    assert (readings.camera.value, readings.camera.detail) == ("30.0", "of 29.97")
    assert (readings.solve.value, readings.display.value) == ("29.0", "28.0")
    assert (readings.p50.value, readings.p95.value, readings.p99.value) == ("21.3", "100.0", "1,234")
    assert (readings.solve_time.value, readings.solve_time.detail) == ("12.5", "crop 2.0")
    assert readings.rmse.value == "1.41"
    assert readings.age.value == "33.3"
    assert (readings.dropped.value, readings.dropped.detail) == ("120", "solver 100 · display 20")


def test_what_is_not_known_is_a_dash_and_never_a_zero() -> None:
    readings = readings_of(statistics(Rates(None, None, None), None, None), FACTS, None)
    unknown = (
        readings.camera,
        readings.solve,
        readings.display,
        readings.p50,
        readings.p99,
        readings.rmse,
        readings.age,
    )
    assert {reading.value for reading in unknown} == {UNKNOWN}
    assert readings.rmse.detail == "no truth"


def test_a_source_is_not_called_without_truth_before_its_first_mesh() -> None:
    assert readings_of(statistics(rmse_mm=None, displayed=0), FACTS, None).rmse.detail == ""


def test_only_causes_that_happened_are_told() -> None:
    assert causes(Drops(0, 0, 0)) == "none"
    assert causes(Drops(3, 0, 1200)) == "camera 3 · display 1,200"


def test_rates_are_written_as_people_call_them() -> None:
    rates = (Fraction(24), Fraction(24000, 1001), Fraction(60000, 1001), Fraction(25, 2))
    assert [rate_words(rate) for rate in rates] == ["24", "23.98", "59.94", "12.5"]


def test_the_camera_is_told_with_size_and_rate_and_its_timecode_apart() -> None:
    assert camera_words(FACTS).split("  ·  ") == ["clip", "1200×1600", "29.97 fps"]
    assert timecode_words(None) == timecode_words(frame(0)) == ""
    labelled = Frame(picture(), 0, 0, Timecode.parse("01:00:00:05", Fraction(30)))
    assert timecode_words(labelled) == "01:00:00:05"


def test_the_status_line_names_what_really_runs() -> None:
    eight_bits = replace(statistics(), precision="int8", worst_loss_mm=0.326)
    assert machinery_words(eight_bits, "llvmpipe").startswith("onnxruntime · int8 (within 0.33 mm of float32) · CPU")
    words = machinery_words(statistics(), "llvmpipe")
    for part in ("onnxruntime", "float32", "CPU", "llvmpipe"):
        assert part in words


def test_lateness_is_median_and_slowest_since_the_last_tick() -> None:
    lateness, crop, nothing = Lateness(), CropRect(0, 0, 1, 1), np.zeros((1, 3), np.float32)
    assert lateness.age_ms(5) is None
    assert lateness.tick() is None
    for milliseconds in (10, 30, 80):
        lateness.drawn(MeshFrame(frame(0), crop, nothing, nothing, 0), milliseconds * 1_000_000)
    assert lateness.tick() == (30.0, 80.0)
    assert lateness.tick() is None
    assert lateness.age_ms(100_000_000) == 100.0
