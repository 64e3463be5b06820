import numpy as np
import pytest

from engine.clock import NS_PER_S
from engine.mesh import distances_mm, rmse_mm
from engine.statistics import Meter, Percentiles, Recent, TruthMeter

PERIOD_NS = NS_PER_S // 50


def test_a_meter_knows_nothing_before_the_second_event() -> None:
    meter = Meter()
    assert (meter.rate(0), meter.mean_rate(), meter.durations()) == (None, None, None)
    meter.add(5, 1.0)
    assert (meter.rate(6), meter.mean_rate()) == (None, None)
    assert meter.durations() == Percentiles(1.0, 1.0, 1.0)


def test_the_rate_of_a_steady_stream_is_its_rate() -> None:
    meter = Meter()
    for number in range(500):
        meter.add(number * PERIOD_NS, 1.0)
    now_ns = 499 * PERIOD_NS + PERIOD_NS // 2
    assert meter.rate(now_ns) == 50.0
    assert meter.mean_rate() == 50.0
    assert meter.count == 500


def test_the_rate_follows_the_last_two_seconds_and_the_mean_does_not() -> None:
    meter = Meter()
    times_ns = [*range(0, 4 * NS_PER_S, NS_PER_S // 10), *range(4 * NS_PER_S, 8 * NS_PER_S, NS_PER_S // 40)]
    for time_ns in times_ns:
        meter.add(time_ns, 1.0)
    assert meter.rate(times_ns[-1]) == pytest.approx(40.0, abs=0.01)
    assert meter.mean_rate() == pytest.approx((len(times_ns) - 1) * NS_PER_S / times_ns[-1], abs=0.01)


def test_the_rate_sinks_while_nothing_comes() -> None:
    meter = Meter()
    for number in range(101):
        meter.add(number * PERIOD_NS, 1.0)
    last_ns = 100 * PERIOD_NS
    assert 20 < meter.rate(last_ns + NS_PER_S) < 30
    assert meter.rate(last_ns + 3 * NS_PER_S) == 0.0


def test_percentiles_are_of_the_recent_samples_only() -> None:
    recent = Recent()
    for _ in range(5000):
        recent.add(1000.0)
    for number in range(2048):
        recent.add(number % 100)
    assert len(recent.samples()) == 2048
    percentiles = Percentiles.of(recent.samples())
    assert percentiles.p50 == pytest.approx(49, abs=1)
    assert percentiles.p95 == pytest.approx(94, abs=1)
    assert percentiles.p99 == pytest.approx(98, abs=1)


def test_samples_already_read_do_not_change() -> None:
    recent = Recent()
    recent.add(1.0)
    before = recent.samples()
    recent.add(2.0)
    np.testing.assert_array_equal(before, [1.0])


def test_the_running_error_is_the_papers_over_the_animated_vertices() -> None:
    random = np.random.default_rng(1)
    truth = random.standard_normal((4, 20, 3)).astype(np.float32)
    meshes = truth + random.standard_normal(truth.shape).astype(np.float32)
    animated = np.array([2, 3, 5, 7, 11], np.int32)
    meter = TruthMeter(animated)
    assert meter.rmse_mm is None
    for mesh, exact in zip(meshes, truth, strict=True):
        meter.add(mesh, exact)
    expected = rmse_mm(distances_mm(meshes[:, animated], truth[:, animated]))
    assert meter.rmse_mm == pytest.approx(expected, abs=1e-4)
