"""The parts of the benchmark, each by itself."""

import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from engine.backends.matrix import MULTIPLY_ADDS, _matrix, open_products
from engine.backends.work import network_work
from engine.bench import stages
from engine.bench.candidates import Candidate
from engine.bench.floor import Arithmetic
from engine.bench.network import measure_batch
from engine.bench.pictures import drawn_pictures
from engine.bench.power import Meters, measure_power
from engine.bench.rounds import NUM_ROUNDS, Work, in_turn
from engine.bench.stages import measure_stages
from engine.bench.steps import Steps, cost_of
from engine.bundle import ActorBundle
from engine.clock import SYSTEM_CLOCK
from engine.errors import BackendError
from engine.gpu.driver import Gpu
from tests.engine.fake_gpu import FACTS, FakeDriver
from tests.fakes import FakeBackend, FakeClock


def test_every_round_gives_each_work_its_turn() -> None:
    clock, seen = FakeClock(), []

    def work(name: str, seconds: float) -> Work:
        def run(number: int) -> None:
            seen.append(name)
            clock.advance(seconds)

        return Work(run, 1, seconds=0.0)

    slow, fast = in_turn([work("slow", 0.4), work("fast", 0.1)], clock)
    rounds = [seen[place : place + 2] for place in range(0, len(seen), 2)]
    assert len(rounds) == 1 + NUM_ROUNDS  # once beforehand
    assert all(sorted(one) == ["fast", "slow"] for one in rounds)
    assert ["fast", "slow"] in rounds  # nor does the same one always begin
    assert ["slow", "fast"] in rounds
    assert (slow.rate, fast.rate) == (pytest.approx(2.5), pytest.approx(10))
    assert fast.of(slow) == pytest.approx(4)
    assert slow.num_runs == NUM_ROUNDS


def test_a_busy_moment_that_hits_both_leaves_their_ratio_as_it_is() -> None:
    clock, speed = FakeClock(), {"s": 1.0}

    def work(seconds: float) -> Work:
        return Work(lambda number: clock.advance(seconds * speed["s"]), 1, seconds=0.0)

    def slowly(number: int) -> None:
        speed["s"] = 1.0 + 3.0 * (number % 3 == 1)  # of that round
        clock.advance(0.3 * speed["s"])

    one, other = in_turn([Work(slowly, 1, 0.0), work(0.1)], clock)
    assert one.per_s.max() / one.per_s.min() == pytest.approx(4)
    assert other.of(one) == pytest.approx(3)


def test_the_work_of_a_network_follows_from_its_shapes(tiny: ActorBundle) -> None:
    # 320x240, three convolutions of stride 4 with 8, 12 and 16 channels, then 160 latents and 150 coordinates.
    convolutions = 80 * 60 * 8 * 9 + 20 * 15 * 12 * 8 * 9 + 5 * 4 * 16 * 12 * 9
    assert network_work(tiny).multiply_adds == convolutions + 5 * 4 * 16 * 160 + 160 * 150
    assert network_work(tiny).num_weights == 8 * 9 + 12 * 8 * 9 + 16 * 12 * 9 + 5 * 4 * 16 * 160 + 160 * 150


def test_every_product_computes_what_it_says() -> None:
    expected = _matrix(0)
    for number in range(1, 5):
        expected = expected @ _matrix(number)
    assert MULTIPLY_ADDS == 4 * 512**3
    allowed = {"float32": 1e-4, "bfloat16": 0.02, "int8": 0.1}
    for product in open_products(1):
        wrong = np.sqrt(np.mean((product.run() - expected) ** 2) / np.mean(expected**2))
        assert wrong < allowed[product.precision], (product.by, product.precision)
        product.close()


def test_the_floor_is_that_of_the_fastest_product_of_a_precision(tiny: ActorBundle) -> None:
    clock = FakeClock()

    class Product:
        def __init__(self, by: str, seconds: float) -> None:
            self.by, self.precision, self._seconds = by, "float32", seconds

        def run(self) -> None:
            clock.advance(self._seconds)

        def close(self) -> None:
            pass

    work = network_work(tiny)
    arithmetic = Arithmetic([Product("slow", 0.02), Product("fast", 0.01)], work)
    solving = Work(lambda number: clock.advance(0.04), 1, 0.0)
    timings = in_turn([solving, *arithmetic.works(0.0)], clock)
    arithmetic.note(timings[1:])
    (floor,) = arithmetic.floors()
    assert floor.arithmetic_ms == pytest.approx(10 * work.multiply_adds / MULTIPLY_ADDS, abs=1e-4)
    assert arithmetic.share(timings[0], ("fake", "float32"), timings[1:]) == pytest.approx(
        0.25 * work.multiply_adds / MULTIPLY_ADDS
    )
    assert arithmetic.share(timings[0], ("fake", "float16"), timings[1:]) is None


def test_without_a_gpu_upload_and_download_are_absent_and_say_why(
    tiny: ActorBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> Gpu:
        raise BackendError("There is no GPU.", "Buy one.")

    monkeypatch.setattr(stages, "Gpu", refuse)
    results, absent = measure_stages(tiny, drawn_pictures(tiny), 1, 0.0, SYSTEM_CLOCK)
    assert absent == ["upload and download: There is no GPU"]
    assert [one.stage for one in results] == ["decode"] * 4 + ["crop"] * 2 + ["rebuild"]
    assert {one.what.split(" 1200")[0] for one in results[:4]} == {"H.264", "Motion JPEG"}
    assert all(0 < one.p50_ms <= one.p99_ms for one in results)


def test_with_a_gpu_pictures_go_up_and_meshes_come_down(tiny: ActorBundle, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = FakeDriver()
    monkeypatch.setattr("engine.gpu.driver.cuda_module", lambda name: driver)
    monkeypatch.setattr("engine.gpu.driver.probe_gpu", lambda: FACTS)
    results, absent = measure_stages(tiny, drawn_pictures(tiny), 1, 0.0, SYSTEM_CLOCK)
    assert absent == []
    assert [one.stage for one in results].count("upload") == 3
    assert [one.stage for one in results].count("download") == 2
    assert (driver.blocks, driver.num_contexts, driver.num_streams) == ({}, 0, 0)


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    """Two packages' energy counters, one near its end, counters of what they hold, and two cores' frequencies."""
    powercap, processors = tmp_path / "powercap", tmp_path / "cpu"
    counters = (("intel-rapl:0", "package-0", 100.0), ("intel-rapl:1", "package-1", 999.0),
                ("intel-rapl:2", "psys", 1.0), ("intel-rapl:0:0", "core", 1.0))  # fmt: skip
    for folder, name, joules in counters:
        (powercap / folder).mkdir(parents=True)
        (powercap / folder / "name").write_text(f"{name}\n", "ascii")
        (powercap / folder / "energy_uj").write_text(f"{joules * 1e6:.0f}\n", "ascii")
        (powercap / folder / "max_energy_range_uj").write_text("1000000000\n", "ascii")
    for core, kilohertz in ((0, 3_000_000), (1, 4_000_000)):
        (processors / f"cpu{core}" / "cpufreq").mkdir(parents=True)
        (processors / f"cpu{core}" / "cpufreq" / "scaling_cur_freq").write_text(f"{kilohertz}\n", "ascii")
    return powercap, processors


def test_watts_are_the_energy_of_all_packages_over_time_also_where_a_counter_begins_anew(
    roots: tuple[Path, Path],
) -> None:
    clock = FakeClock()
    meters = Meters(clock, *roots, ["no-such-program"])

    def work() -> None:
        clock.advance(2.0)
        (roots[0] / "intel-rapl:0/energy_uj").write_text("130000000", "ascii")  # 30 J
        (roots[0] / "intel-rapl:1/energy_uj").write_text("9000000", "ascii")  # 1 J to its end, and 9 J
        (roots[0] / "intel-rapl:2/energy_uj").write_text("900000000", "ascii")  # of the whole machine

    draw = meters.during(work)
    assert (draw.processor_watts, draw.watts) == (20.0, 20.0)
    assert draw.processor_mhz == 3500.0
    assert (draw.gpu_watts, draw.gpu_mhz) == (None, None)


def test_a_meter_that_cannot_be_read_is_none_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "intel-rapl:0" / "energy_uj").mkdir(parents=True)  # as unreadable as root's
    (tmp_path / "intel-rapl:0" / "name").write_text("package-0", "ascii")
    meters = Meters(FakeClock(), tmp_path, tmp_path, ["no-such-program"])
    assert not meters.has_any
    assert any("cannot be read" in told for told in meters.absent)
    assert any("scaling_cur_freq" in told for told in meters.absent)
    assert any("no-such-program" in told for told in meters.absent)
    draw = meters.during(lambda: None)
    assert (draw.processor_watts, draw.processor_mhz, draw.gpu_watts, draw.gpu_mhz, draw.watts) == (None,) * 5


def told_by(text: str, more: str = "") -> list[str]:
    return [sys.executable, "-c", f"print({text!r}, flush=True){more}"]


def test_a_gpus_watts_and_clock_are_the_mean_of_what_its_tool_says(tmp_path: Path) -> None:
    waits = "; import threading; threading.Event().wait(30)"
    meters = Meters(SYSTEM_CLOCK, tmp_path, tmp_path, told_by("100.0, 1500\n120.0, 1700\n130", waits))
    assert meters.has_any
    draw = meters.during(lambda: SYSTEM_CLOCK.wait(threading.Event(), 1.0))
    assert (draw.gpu_watts, draw.gpu_mhz) == (110.0, 1600.0)


def test_a_gpu_tool_that_fails_is_quoted(tmp_path: Path) -> None:
    meters = Meters(SYSTEM_CLOCK, tmp_path, tmp_path, told_by("has failed to communicate"))
    assert any("has failed to communicate" in told for told in meters.absent)


def test_joules_a_frame_are_watts_over_frames_a_second(tiny: ActorBundle, roots: tuple[Path, Path]) -> None:
    clock = FakeClock()

    class Heater(FakeBackend):
        """10 ms and 0.2 J a frame."""

        def run(self, crops):
            clock.advance(0.01)
            counter = roots[0] / "intel-rapl:0/energy_uj"
            counter.write_text(str(int(counter.read_text("ascii")) + 200_000), "ascii")
            return super().run(crops)

    crops = np.zeros((1, *tiny.input_shape), np.uint8)
    meters = Meters(clock, *roots, ["no-such-program"])
    result = measure_power(Candidate(Heater(tiny), True, False, 0.0), crops, meters, 1.0, clock)
    assert (result.fps, result.processor_watts, result.joules_per_frame) == (100.0, 20.0, 0.2)


def test_what_runs_on_a_gpu_is_not_held_against_the_processors_products(tiny: ActorBundle) -> None:
    clock = FakeClock()

    class OnGpu(FakeBackend):
        name = "cuda"

    arithmetic = Arithmetic([], network_work(tiny))
    opened = [Candidate(OnGpu(tiny), True, False, 0.0), Candidate(FakeBackend(tiny), False, False, 0.0)]
    opened[1].backend.name = "onnxruntime"
    crops = np.zeros((1, *tiny.input_shape), np.uint8)
    (result,) = measure_batch(opened, opened, crops, arithmetic, 0.0, clock)
    assert result.of_floor is None
    assert arithmetic.absent == [
        "what arithmetic allows cuda float32: matrix products are measured on the processor alone"
    ]


def test_a_batch_is_held_against_single_frames_of_its_own_rounds(tiny: ActorBundle) -> None:
    clock = FakeClock()

    class Paced(FakeBackend):
        """The machine grows slower with every run, and all alike."""

        name = "onnxruntime"

        def __init__(self, bundle: ActorBundle, seconds: float) -> None:
            super().__init__(bundle)
            self.seconds = seconds

        def run(self, crops):
            clock.advance(self.seconds * (1.0 + clock.now_ns() / 1e9))
            return super().run(crops)

    together = Candidate(Paced(tiny, 0.002), True, True, 0.0)
    alone = Candidate(Paced(tiny, 0.001), True, False, 0.0)
    crops = np.zeros((4, *tiny.input_shape), np.uint8)
    (result,) = measure_batch([together], [alone], crops, Arithmetic([], network_work(tiny)), 0.0, clock)
    assert result.is_offline
    assert result.of_online == pytest.approx(2.0, abs=0.05)  # four frames in the time of two
    (single,) = measure_batch([alone], [alone], crops[:1], Arithmetic([], network_work(tiny)), 0.0, clock)
    assert single.of_online is None


def test_the_time_left_knows_that_large_batches_take_longer_and_what_is_left_out() -> None:
    clock, told = FakeClock(), []
    costs = cost_of(1), cost_of(65), cost_of(129)
    assert costs == (1.0, 2.0, 3.0)
    steps = Steps(4, sum(costs) + 1.0, told.append, clock)
    steps.skip("batch 129, left out", costs[2])
    steps.begin("batch 1", costs[0])
    clock.advance(10.0)
    steps.begin("batch 65", costs[1])
    clock.advance(20.0)
    steps.begin("vertices compared")
    assert [one.left_s for one in told] == [None, None, 30.0, 10.0]
