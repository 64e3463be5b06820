"""Trains and measures the cells one after the other; what is finished is kept.

Rule: the first seed of every cell comes before the second of any, so that the table is whole as early as can be.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.errors import LiveDoubleError, ShotError, TrackerError
from engine.mesh import Topology
from engine.shots import DataSet
from training.ablation.grid import REFERENCE, Cell, Grid, LeftOut
from training.ablation.results import Result, check_settings, figures
from training.ablation.summary import Summary, summarise
from training.checkpoint import BEST_FILE, Checkpoint
from training.config import TrainConfig
from training.device import Compute
from training.judge import open_judge
from training.loop import train
from training.mishaps import DivergedError, OutOfMemoryError
from training.panel.candidate import Stretch, compare, stretches
from training.panel.pairs import with_pairs_that_part
from training.run_folder import data_checksum
from training.watch import Status, Watch

LEAST_REFERENCE_SEEDS = 3  # of the reference alone: without them nobody knows what a seed does


@dataclass(frozen=True, slots=True)
class Run:
    """One training.

    Args:
        cell: Of the grid.
        seed: From 1.
    """

    cell: Cell
    seed: int

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.cell.name}-seed{self.seed}"

    @property
    def config(self) -> TrainConfig:
        """Its settings."""
        return replace(self.cell.config, seed=self.seed)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the grid stands.

    Args:
        run: The training at work.
        num_done: Trainings that are finished.
        num_runs: In all.
        status: Of the training at work.
        left_s: Of the whole grid.
    """

    run: Run
    num_done: int
    num_runs: int
    status: Status
    left_s: float


@dataclass(frozen=True, slots=True)
class Teller:
    """How a grid speaks with whoever started it.

    Args:
        say: Takes one line for people.
        preparing: Takes what is being done before the trainings, how much of it is done, and how much there is.
        stepped: Takes the standing whenever a loss was read.
        finished: Takes a training's result and the table so far.
        should_stop: Asked as often; a training told to stop saves itself first.
    """

    say: Callable[[str], None]
    preparing: Callable[[str, int, int], None]
    stepped: Callable[[Standing], None]
    finished: Callable[[Result, Summary], None]
    should_stop: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Measuring:
    """What all cells are measured on.

    Args:
        data: The data set.
        checksum: Of it.
        chosen: Validation frames.
        topology: The data set's, with contact pairs that part.
        cache: Folder of decoded crops.
        num_threads: Of the processor.
    """

    data: DataSet
    checksum: str
    chosen: tuple[Stretch, ...]
    topology: Topology
    cache: Path
    num_threads: int


def plan_runs(grid: Grid, num_seeds: int) -> list[Run]:
    """Every training of a grid, in order: seed by seed, the reference with `LEAST_REFERENCE_SEEDS` at least."""
    runs = [Run(cell, seed) for seed in range(1, num_seeds + 1) for cell in grid.cells]
    more = range(num_seeds + 1, LEAST_REFERENCE_SEEDS + 1)
    return runs + [Run(cell, seed) for seed in more for cell in grid.cells if cell.name == REFERENCE]


def ablate(
    data: DataSet,
    grid: Grid,
    num_seeds: int,
    folder: Path,
    compute: Compute,
    cache: Path,
    num_measured: int | None,
    teller: Teller,
) -> Summary:
    """Train and measure what is not yet there.

    A cell whose pictures cannot be made (no dlib, no face) or whose training diverges is left out with its reason;
    the reference cannot be.

    Args:
        data: Its training shots are learned from, its validation shots measured.
        grid: The cells.
        num_seeds: Of each cell.
        folder: Of all trainings.
        compute: Where they run.
        cache: Folder of decoded crops.
        num_measured: About how many validation frames; none: all.
        teller: Told what happens.

    Returns:
        The table; trainings are waiting in it where the user asked to stop.

    Raises:
        LiveDoubleError: The folder holds trainings of other settings or data, or what a training may raise.
    """
    runs = plan_runs(grid, num_seeds)
    results = _kept(folder, runs)
    chosen = stretches(data.validation, num_measured)
    topology = with_pairs_that_part(data.topology, [shot.vertices() for shot in data.validation])
    measuring = Measuring(data, data_checksum(data), chosen, topology, cache, compute.num_threads)
    _check_kept(list(results.values()), measuring, folder)
    forecast = Forecast([(run, results[run.name]) for run in runs if run.name in results])
    left_out: dict[str, LeftOut] = {}

    def table() -> Summary:
        waiting = [run for run in runs if run.name not in results and run.cell.name not in left_out]
        ordered = [results[run.name] for run in runs if run.name in results]
        return summarise(grid, ordered, list(left_out.values()), len(waiting))

    for index, run in enumerate(runs):
        if run.name in results or run.cell.name in left_out:
            continue
        later = [one for one in runs[index + 1 :] if one.name not in results and one.cell.name not in left_out]

        def stepped(status: Status, run: Run = run, later: Sequence[Run] = later) -> None:
            left_s = status.left_s + forecast.of(later, status)
            teller.stepped(Standing(run, len(results), len(results) + 1 + len(later), status, left_s))

        watch = Watch(_ignore, teller.preparing, stepped, teller.should_stop)
        started_s = time.perf_counter()
        try:
            result = _train_and_measure(run, measuring, folder / run.name, compute, watch)
        except (ShotError, TrackerError, DivergedError, OutOfMemoryError) as error:
            if run.cell.name == REFERENCE:
                raise
            left_out[run.cell.name] = LeftOut(run.cell.words, error.reason, run.cell.group)
            teller.say(f"Without {run.cell.words}: {error.reason}")
            continue
        if result is None:
            break
        results[run.name] = result
        forecast.learn(run, result, time.perf_counter() - started_s)
        teller.finished(result, table())
    return table()


class Forecast:
    """How long trainings will take, from those that are done.

    Args:
        done: Trainings of earlier sessions with their results.
    """

    def __init__(self, done: Sequence[tuple[Run, Result]]) -> None:
        self._step_s: dict[tuple[object, ...], float] = {}  # by what decides it, with what surrounds the steps
        for run, result in done:
            self.learn(run, result, result.seconds)

    def learn(self, run: Run, result: Result, seconds: float) -> None:
        """Of a training that is over."""
        self._step_s[_work(run)] = seconds / max(1, result.steps)

    def of(self, runs: Sequence[Run], now: Status) -> float:
        """Seconds; a network that was never trained is taken to be like the one at work."""
        step_s = now.elapsed_s / max(1, now.step)
        return sum(now.total_steps * self._step_s.get(_work(run), step_s) for run in runs)


def _work(run: Run) -> tuple[object, ...]:
    """What decides how long a step takes."""
    config = run.cell.config
    return config.network, config.stages, config.preparation, config.is_paired


def _kept(folder: Path, runs: Sequence[Run]) -> dict[str, Result]:
    results = {}
    for run in runs:
        check_settings(folder / run.name, run.config)
        result = Result.load(folder / run.name)
        if result is not None:
            results[run.name] = result
    return results


def _check_kept(results: Sequence[Result], measuring: Measuring, folder: Path) -> None:
    num_measured = sum(len(stretch.frames) for stretch in measuring.chosen)
    for result in results:
        if result.data_checksum != measuring.checksum:
            raise LiveDoubleError(
                f"The trainings in {folder} are of another data set.", "Give that one, or another folder with --out."
            )
        if result.num_measured != num_measured:
            raise LiveDoubleError(
                f"The trainings in {folder} were measured on {result.num_measured} frames, not {num_measured}.",
                "Give the --frames they were measured with, or another folder with --out.",
            )


def _train_and_measure(run: Run, measuring: Measuring, folder: Path, compute: Compute, watch: Watch) -> Result | None:
    """A result, kept; None where the user asked to stop."""
    data, config = measuring.data, run.config
    outcome = train(data, config, folder, compute, measuring.cache, watch)
    if not outcome.is_finished:
        return None
    facts = Checkpoint.load(folder / BEST_FILE).facts
    with open_judge(folder, None, None, measuring.num_threads) as judge:
        judge.check(data)
        for shot in data.validation:
            judge.crops(data, shot, measuring.cache, watch.preparing)
        (measured,) = compare(
            measuring.chosen, measuring.topology, [judge.candidate(data, measuring.cache, run.name)], _ignore
        )
    result = Result(
        run.cell.name,
        run.seed,
        measuring.checksum,
        facts.num_training_frames,
        measured.panel.num_frames,
        outcome.state.step,
        outcome.state.elapsed_s,
        compute.words,
        facts.augmentation,
        *figures(measured.panel),
    )
    result.save(folder)
    return result


def _ignore(_: object) -> None:
    return
