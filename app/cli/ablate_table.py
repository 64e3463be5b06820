"""What `livedouble ablate` shows on a terminal: a line a cell, differences beside what seeds alone do."""

from rich.table import Table

from app.cli.console import out
from training.ablation.pages import grouped, title, words
from training.ablation.summary import Row, Summary, Verdict
from training.panel.report.wording import number, signed

_VERDICTS = {
    Verdict.BETTER: "[green]better[/green]",
    Verdict.WORSE: "[red]worse[/red]",
    Verdict.WITHIN: "[dim]within[/dim]",
    Verdict.UNKNOWN: "[dim]?[/dim]",
    Verdict.NONE: "",
}
_COLUMNS = (("RMSE mm", 13), ("difference", 15), ("", 6), ("lips mm", 7), ("motion", 6), ("F1", 4))  # and their widths
_WORDS = (22, 58)  # of a cell's words: the least and the most


def show(summary: Summary) -> None:
    """Print the table and what it rests on."""
    taken = sum(width + 1 for _, width in _COLUMNS)
    width = min(_WORDS[1], max(_WORDS[0], out.width - taken))
    for index, (heading, rows) in enumerate(grouped(summary)):
        table = Table(
            box=None, padding=(0, 1, 0, 0), pad_edge=False, show_header=index == 0, header_style="dim"
        )  # fmt: skip
        table.add_column("", width=width)
        for name, column_width in _COLUMNS:
            table.add_column(name, width=column_width, justify="right" if name else "left")
        for row in rows:
            table.add_row(title(row, summary), *_figures(row))
        if index:
            out.print(f"\n{heading}", style="bold")
        out.print(table)
    out.print()
    for line in words(summary):
        out.print(line, soft_wrap=True)
    for one in summary.left_out:
        out.print(f"Without {one.words}: {one.reason}", style="dim", soft_wrap=True)


def _figures(row: Row) -> tuple[str, ...]:
    difference = signed(row.difference_mm) if row.against else ""
    margin = "" if row.margin_mm is None else f" ± {number(row.margin_mm)}"
    return (
        number(row.rmse_mm) + ("" if row.spread_mm is None else f" ± {number(row.spread_mm)}"),
        difference + margin,
        _VERDICTS[row.verdict],
        number(row.lips_mm),
        number(row.attenuation, 2),
        number(row.closure_f1, 2),
    )
