"""What `livedouble ablate` shows on a terminal: a line a cell, differences beside what seeds alone do."""

from rich.table import Table

from app.cli.console import out
from training.ablation.pages import cells, grouped, words
from training.ablation.summary import Summary, Verdict

_STYLES = {Verdict.BETTER: "green", Verdict.WORSE: "red", Verdict.WITHIN: "dim", Verdict.UNKNOWN: "dim"}


def show(summary: Summary) -> None:
    """Print the table and what it rests on."""
    table = Table("", box=None, pad_edge=False)
    for heading in ("RMSE mm", "seeds", "difference", "seeds explain"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for heading in ("lips mm", "attenuation"):
        table.add_column(heading, justify="right")
    for heading, rows in grouped(summary):
        table.add_section()
        if rows[0].against:
            table.add_row(f"[bold]{heading}[/bold]")
        for row in rows:
            figures = cells(row)[:7]
            style = _STYLES.get(row.verdict, "")
            verdict = f"[{style}]{figures[4]}[/{style}]" if style else figures[4]
            table.add_row(row.words, *figures[:4], verdict, *figures[5:], style="" if row.against else "bold")
    out.print(table)
    for line in words(summary):
        out.print(line, soft_wrap=True)
    for one in summary.left_out:
        out.print(f"Without {one.words}: {one.reason}", style="dim", soft_wrap=True)
