"""Writes the page of one or more reports.

Rule: everything is inside the file: figures, style and the script that draws; nothing is fetched when it is opened, and
another machine's file laid over it is read where it lies.
"""

import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from engine.disk import write_whole

Report = Mapping[str, Any]

SCRIPTS = ("values.js", "axes.js", "plots.js", "tables.js", "page.js")  # in the order they stand in the page

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main id="page"></main>
<noscript><main>
<h1>{title}</h1>
<p>The plots are drawn by a script, which this reader does not run.</p>
{table}</main></noscript>
<script type="application/json" id="reports">{reports}</script>
<script>
{script}</script>
</body>
</html>
"""


def write_page(reports: Sequence[Report], path: Path) -> None:
    """Write one HTML file.

    Args:
        reports: As their JSON files hold them; the first is in the foreground.
        path: Of the page.

    Raises:
        StorageError: It cannot be written; what lay there before is as it was.
    """
    write_whole(path, render(reports))


def render(reports: Sequence[Report]) -> str:
    """The page's text."""
    return _PAGE.format(
        title=escape(f"LiveDouble benchmark: {', '.join(one['machine']['processor'] for one in reports)}"),
        style=_file("page.css"),
        table="".join(_plain_table(one) for one in reports),
        # Whatever a name holds, it ends neither the data nor the page.
        reports=json.dumps(list(reports)).replace("<", "\\u003c"),
        script="\n".join(map(_file, SCRIPTS)),
    )


def _plain_table(report: Report) -> str:
    rows = [
        f"<tr><td>{escape(one['backend'])} {escape(one['precision'])}</td><td>{one['batch']}</td>"
        f"<td>{one['fps']:.1f}</td><td>{one['p50_ms']:.1f}</td><td>{one['p99_ms']:.1f}</td></tr>"
        for one in report["results"]
    ]
    head = "<tr><th></th><th>batch</th><th>frames/s</th><th>p50 ms</th><th>p99 ms</th></tr>"
    return f"<h2>{escape(report['machine']['processor'])}</h2><table>{head}{''.join(rows)}</table>"


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")
