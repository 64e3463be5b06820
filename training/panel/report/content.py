"""What a report is made from."""

from dataclasses import dataclass

from training.judge import Training
from training.panel.candidate import Kind, Measured
from training.panel.convergence import Convergence
from training.panel.report.pictures import Pictured


@dataclass(frozen=True, slots=True)
class Facts:
    """Where the figures come from.

    Args:
        actor: Its name.
        data: The data set's folder.
        num_shots: Validation shots measured.
        num_frames: Of them.
        footage_s: Their length.
        date: And time, with zone.
        machine: That measured.
        command: That makes the report again.
        version: Of LiveDouble.
    """

    actor: str
    data: str
    num_shots: int
    num_frames: int
    footage_s: float
    date: str
    machine: str
    command: str
    version: str


@dataclass(frozen=True, slots=True)
class Trained:
    """A network's history, by its name in the report."""

    name: str
    training: Training


@dataclass(frozen=True, slots=True)
class Missing:
    """A baseline or figure that is not there, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Table:
    """Further figures, of a kind that only some data sets have.

    Args:
        name: Of the section, one word; it is also its anchor.
        title: Above it.
        note: What it says, in a sentence or two.
        header: Of the columns, the first of which names the rows.
        rows: Ready to be read.
    """

    name: str
    title: str
    note: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Tile:
    """A headline figure.

    Args:
        words: What it is.
        value: As text, without its unit.
        unit: Of it.
        detail: What it is to be compared with.
        aim: What is asked.
        is_met: Whether it is; None where it cannot be said.
    """

    words: str
    value: str
    unit: str
    detail: str
    aim: str
    is_met: bool | None


@dataclass(frozen=True, slots=True)
class Additions:
    """What a report says beside the panel.

    Args:
        tables: Shown after the panel's first.
        tiles: The headline, in place of what is asked of the default network on the virtual actor.
        warnings: What to know before the figures are read, one sentence each.
        truth_name: What stands beside the network's meshes under the worst frames.
    """

    tables: tuple[Table, ...] = ()
    tiles: tuple[Tile, ...] = ()
    warnings: tuple[str, ...] = ()
    truth_name: str = "truth"


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """All of it.

    Args:
        facts: Where the figures come from.
        measured: The network in question first, then those it is set against, then the baselines.
        trained: Histories of the networks.
        missing: What is not in the report.
        convergence: Of trainings.
        pictured: Worst frames.
        error_range_mm: What the last colour of their scale stands for.
        additions: Beside the panel.
    """

    facts: Facts
    measured: tuple[Measured, ...]
    trained: tuple[Trained, ...]
    missing: tuple[Missing, ...]
    convergence: tuple[Convergence, ...]
    pictured: tuple[Pictured, ...]
    error_range_mm: float
    additions: Additions = Additions()

    @property
    def main(self) -> Measured:
        """The network in question."""
        return self.measured[0]

    @property
    def networks(self) -> tuple[Measured, ...]:
        """All networks, the one in question first."""
        return tuple(one for one in self.measured if one.kind is Kind.NETWORK)
