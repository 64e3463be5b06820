"""The table in files: JSON and CSV for machines, Markdown and HTML for people.

Rule: the HTML page holds everything itself; nothing is fetched when it is opened.
"""

import csv
import io
import json
from dataclasses import asdict, dataclass, fields
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup

from engine.disk import write_whole
from training.ablation.grid import GROUPS
from training.ablation.summary import Row, Summary, Verdict
from training.panel import report
from training.panel.report.wording import duration, number, signed

STEM = "ablation"
HEADINGS = {
    "": "The reference",
    "network": "Network, stabilising, augmentation",
    "stages": "The convolutions",
    "augmentation": "Each augmentation",
    "basis": "The output basis",
    "alignment": "Meshes that may lie off from shot to shot (appendix A)",
    "loss": "Further terms of the loss",
    "frames": "Number of frames",
}
_COLUMNS = (
    "", "RMSE mm", "seeds", "difference mm", "seeds explain", "", "lips mm", "attenuation", "jitter mm", "contact F1",
    "frames",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """Where a table comes from.

    Args:
        actor: Of the data set.
        data: Its folder.
        size: Of the network and its steps, in words.
        date: And time.
        command: That made it.
        version: Of LiveDouble.
    """

    actor: str
    data: str
    size: str
    date: str
    command: str
    version: str


def write_pages(folder: Path, facts: Facts, summary: Summary) -> None:
    """Write `ablation.json`, `.csv`, `.md` and `.html`.

    Raises:
        StorageError: They cannot be written; what lay there before is as it was.
    """
    record = json.dumps({**asdict(facts), **asdict(summary)}, indent=2) + "\n"
    for ending, text in (
        ("json", record),
        ("csv", to_csv(summary)),
        ("md", to_markdown(facts, summary)),
        ("html", to_html(facts, summary)),
    ):
        write_whole(folder / f"{STEM}.{ending}", text)


def to_csv(summary: Summary) -> str:
    """A line a cell, its fields as `Row` names them."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([field.name for field in fields(Row)])
    rows.writerows(["" if value is None else str(value) for value in asdict(row).values()] for row in summary.rows)
    return text.getvalue()


def to_markdown(facts: Facts, summary: Summary) -> str:
    """A table, and what it rests on."""
    lines = [f"| {' | '.join(_COLUMNS)} |", f"|{'---|' * len(_COLUMNS)}"]
    for heading, rows in grouped(summary):
        lines.append(f"| **{heading}**{' |' * len(_COLUMNS)}")
        lines += [f"| {' | '.join((title(row, summary), *cells(row)))} |" for row in rows]
    notes = [*(f"Without {one.words}: {one.reason}" for one in summary.left_out), *words(summary)]
    origin = f"{facts.actor}, {facts.data}; {facts.size}; {', '.join(summary.machines)}; {facts.date}."
    return "\n".join([*lines, "", *(f"{note}\n" for note in notes), origin, "", f"`{facts.command}`", ""])


def to_html(facts: Facts, summary: Summary) -> str:
    """A page for browsers and printers."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__, "."), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters.update(number=number, signed=signed, duration=duration)
    reach_mm = max([abs(row.difference_mm or 0.0) + (row.margin_mm or 0.0) for row in summary.rows], default=0.0)
    return environment.get_template("page.html").render(
        facts=facts,
        summary=summary,
        groups=grouped(summary),
        words=words(summary),
        reach_mm=reach_mm or 1.0,
        title=lambda row: title(row, summary),
        Verdict=Verdict,
        style=Markup(resources.files(report).joinpath("page.css").read_text("utf-8")),
    )


def grouped(summary: Summary) -> list[tuple[str, list[Row]]]:
    """Headings with their rows, in the grid's order."""
    found = [(HEADINGS[group], [row for row in summary.rows if row.group == group]) for group in ("", *GROUPS)]
    return [(heading, rows) for heading, rows in found if rows]


def cells(row: Row) -> tuple[str, ...]:
    """A row's columns after its words."""
    return (
        number(row.rmse_mm) + ("" if row.spread_mm is None else f" ± {number(row.spread_mm)}"),
        str(row.num_seeds),
        signed(row.difference_mm) if row.against else "",
        "" if not row.against else "–" if row.margin_mm is None else f"± {number(row.margin_mm)}",
        row.verdict.value,
        number(row.lips_mm),
        number(row.attenuation),
        number(row.jitter_mm, 4),
        number(row.closure_f1, 2),
        str(row.num_frames),
    )


def title(row: Row, summary: Summary) -> str:
    """What a row is, and what it is compared with where that is not the reference."""
    reference = summary.rows[0].words
    return row.words if row.against in ("", reference) else f"{row.words} (against: {row.against})"


def words(summary: Summary) -> list[str]:
    """What the table rests on, a sentence or two a line."""
    lines = []
    if summary.mean_face_rmse_mm is not None:
        lines.append(
            f"{summary.steps} steps each, measured on {summary.num_measured} validation frames; a face that never"
            f" moves is {number(summary.mean_face_rmse_mm)} mm off on them."
        )
    if summary.spread_mm is None:
        lines.append("No cell has been trained twice yet, so nobody knows what another seed would do.")
    else:
        lines.append(
            f"Another seed alone moves the RMSE by {number(summary.spread_mm)} mm (standard deviation, from"
            f" {summary.num_freedoms} training{'s' if summary.num_freedoms > 1 else ''} beyond the first of their"
            " cell). A difference within ± what seeds explain (95 %) is none that was shown; of twenty cells that are"
            " alike, about one leaves it by chance."
        )
    lines.append("Differences are to the reference, where a row names nothing else.")
    if summary.num_waiting:
        lines.append(f"{summary.num_waiting} trainings are still to be made.")
    return lines
