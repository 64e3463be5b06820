"""The panel as a page: one HTML file that needs no network, for the screen (light and dark) and for paper.

Rule: the page shows figures, it makes none; every number on it stands in the JSON too, pictures excepted.
"""

from training.panel.report.content import Additions, Facts, Missing, Report, Table, Tile, Trained
from training.panel.report.page import write_page
from training.panel.report.pictures import Pictured, picture_frames

__all__ = [
    "Additions",
    "Facts",
    "Missing",
    "Pictured",
    "Report",
    "Table",
    "Tile",
    "Trained",
    "picture_frames",
    "write_page",
]
