"""The grid of trainings: its cells, its table, and that what is finished is kept."""

import csv
import io
import json
import shutil
import statistics
import subprocess
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import LiveDoubleError
from tests.training.tiny_data import TINY
from training.ablation import run as running
from training.ablation.grid import NOT_AUGMENTED, REFERENCE, SMALL, Cell, Grid, grid
from training.ablation.pages import Facts, to_csv, to_html, to_markdown, write_pages
from training.ablation.results import RESULT_FILE, Result
from training.ablation.run import Teller, ablate, plan_runs
from training.ablation.summary import Row, Summary, Verdict, summarise
from training.device import choose_compute
from training.schedule import Plan
from training.variation import FIXED

PUBLISHED = json.loads((Path(__file__).parents[2] / "docs" / "benchmarks" / "ablation.json").read_text("utf-8"))
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
FACTS = Facts("somebody", "data/x", "tiny", "today", "livedouble ablate data/x --out runs/x", "1")


def result(cell: str, seed: int, rmse_mm: float, seconds: float = 10.0) -> Result:
    return Result(cell, seed, "", 50, 20, 100, seconds, "a machine", FIXED, rmse_mm, 4.0, 1.0, 0.9, 0.01, 0.8)


def three_cells() -> Grid:
    """Pictures of the tiny data hold no face, so the stabilised cell cannot be trained."""
    stabilised = replace(TINY, is_stabilised=True)
    return Grid(
        (
            Cell(REFERENCE, "the reference", "", "", TINY),
            Cell("stabilised", "stabilised", "network", REFERENCE, stabilised),
            Cell("fixed", "fixed <basis>", "basis", REFERENCE, replace(TINY, is_basis_fixed=True)),
        ),
        (),
    )


class Heard:
    """Hears a grid, and asks to stop in the training of this number."""

    def __init__(self, stop_in: int | None = None) -> None:
        self.lines, self.standings, self.results, self._stop_in = [], [], [], stop_in

    def teller(self) -> Teller:
        def finished(one, _):
            self.results.append(one)

        return Teller(self.lines.append, lambda *_: None, self.standings.append, finished, self.should_stop)

    def should_stop(self) -> bool:
        return self._stop_in == len(self.results)


@pytest.fixture
def go(place):
    def start(cells=None, stop_in=None, num_measured=None, num_seeds=1):
        heard = Heard(stop_in)
        cache = place.data.folder / ".crops"
        compute = choose_compute("cpu", 1)
        folder = place.folder / "grid"
        told = heard.teller()
        return ablate(
            place.data, cells or three_cells(), num_seeds, folder, compute, cache, num_measured, told
        ), heard  # fmt: skip

    return start


def test_every_cell_but_the_crossed_ones_differs_from_its_reference_in_one_thing(sixty_frames):
    cells = {cell.name: cell for cell in grid(sixty_frames, SMALL, 100).cells}
    assert cells[REFERENCE].config.differences(cells["fixed-basis"].config) == ["is_basis_fixed False -> True"]
    for kind, field in (("zoom", "max_zoom"), ("contrast", "max_contrast")):
        alone = cells[f"only-{kind}"]
        assert alone.against == NOT_AUGMENTED
        assert cells[NOT_AUGMENTED].config.differences(alone.config) == [f"{field} 0.0 -> None"]
    for kind in ("noise", "gamma", "perspective"):
        assert [words.split()[0] for words in cells[REFERENCE].config.differences(cells[f"with-{kind}"].config)] == [
            f"max_{kind}"
        ]
    for name, field in (("half", "stages"), ("loss-normals", "normal_weight"), ("loss-velocity", "velocity_weight")):
        assert [words.split()[0] for words in cells[REFERENCE].config.differences(cells[name].config)] == [field]
    # Comparing what was planted with a fixed basis against it without one would have counted the basis as well.
    for cell in [cell for cell in cells.values() if cell.group in ("stages", "basis", "alignment")]:
        assert len(cells[cell.against].config.differences(cell.config)) == 1, cell.name
    assert len({json.dumps(cell.config.to_json()) for cell in cells.values()}) == len(cells)


def test_every_cell_takes_the_same_number_of_steps(sixty_frames, monkeypatch):
    monkeypatch.setattr("training.ablation.grid.MINUTES", (0.01, 0.02, 5))
    made = grid(sixty_frames, SMALL, 37)
    by_minutes = [cell for cell in made.cells if cell.group == "frames"]
    assert [cell.config.num_frames for cell in by_minutes] == [18, 36]
    for cell in made.cells:
        assert Plan.of(cell.config, cell.config.num_frames or 60).total_steps == 37
    (missing,) = [one for one in made.left_out if one.group == "frames"]
    assert "5 minutes" in missing.words
    assert "60 training frames" in missing.reason


def test_only_a_group_comes_with_what_it_is_compared_with(sixty_frames):
    names = [cell.name for cell in grid(sixty_frames, SMALL, 10).only(["augmentation"]).cells]
    assert names[:2] == [REFERENCE, NOT_AUGMENTED]
    assert "fixed-basis" not in names
    assert "fully-connected" not in names
    assert [cell.name for cell in grid(sixty_frames, SMALL, 10).only(["basis"]).cells] == [REFERENCE, "fixed-basis"]


def test_terms_for_which_the_mesh_has_no_parts_are_left_out(sixty_frames):
    made = grid(sixty_frames, SMALL, 10).only(["loss"])  # the tiny mesh names lips, but neither lids nor contact pairs
    assert [cell.name for cell in made.cells] == [REFERENCE, "loss-normals", "loss-velocity", "loss-steadiness"]
    reasons = {one.words: one.reason for one in made.left_out}
    assert len(reasons) == 3
    assert any("contact_pairs" in reason for reason in reasons.values())
    assert any("'lids'" in reason for reason in reasons.values())


def test_first_seeds_come_first_and_the_reference_has_three():
    names = [run.name for run in plan_runs(three_cells(), 1)]
    assert names == ["reference-seed1", "stabilised-seed1", "fixed-seed1", "reference-seed2", "reference-seed3"]
    assert len(plan_runs(three_cells(), 4)) == 12


def test_a_difference_counts_only_beyond_what_seeds_explain():
    references = [1.00, 1.02, 0.98]
    results = [result(REFERENCE, seed + 1, rmse_mm) for seed, rmse_mm in enumerate(references)]
    near = summarise(three_cells(), [*results, result("fixed", 1, 1.05)], [], 0)
    assert near.spread_mm == pytest.approx(statistics.stdev(references))
    assert near.num_freedoms == 2
    (reference, fixed) = near.rows
    assert reference.difference_mm is None
    assert fixed.difference_mm == pytest.approx(0.05)
    # Student's t of two degrees of freedom at 95 %, from tables: 4.303.
    assert fixed.margin_mm == pytest.approx(4.303 * 0.02 * np.sqrt(1 + 1 / 3), rel=1e-3)
    assert fixed.verdict is Verdict.WITHIN
    assert summarise(three_cells(), [*results, result("fixed", 1, 1.20)], [], 0).rows[1].verdict is Verdict.WORSE
    assert summarise(three_cells(), [*results, result("fixed", 1, 0.80)], [], 0).rows[1].verdict is Verdict.BETTER


def test_without_a_second_seed_nothing_is_called_a_difference():
    summary = summarise(three_cells(), [result(REFERENCE, 1, 1.0), result("fixed", 1, 5.0)], [], 3)
    assert summary.spread_mm is None
    assert summary.rows[1].verdict is Verdict.UNKNOWN
    assert "nobody knows" in to_markdown(FACTS, summary)


def test_the_table_comes_out_in_every_form(tmp_path):
    results = [result(REFERENCE, seed, 1.0 + 0.01 * seed) for seed in (1, 2, 3)] + [result("fixed", 1, 1.5)]
    summary = summarise(three_cells(), results, [], 1)
    write_pages(tmp_path, FACTS, summary)
    record = json.loads((tmp_path / "ablation.json").read_text("utf-8"))
    assert record["rows"][1]["verdict"] == "worse"
    rows = list(csv.DictReader(io.StringIO(to_csv(summary))))
    assert [row["cell"] for row in rows] == [REFERENCE, "fixed"]
    assert float(rows[1]["difference_mm"]) == pytest.approx(0.48)
    page = to_html(FACTS, summary)
    assert "fixed &lt;basis&gt;" in page
    assert page.count("<svg") == 1
    assert "http" not in page
    table = [line for line in to_markdown(FACTS, summary).splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1
    assert "+0.480" in table[-1]


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium to lay the page out")
def test_every_column_of_the_published_table_is_in_sight_where_a_window_is_1200_pixels_wide(tmp_path):
    # What came after the lips was cut off.
    rows = [Row(**{**row, "verdict": Verdict(row["verdict"])}) for row in PUBLISHED["rows"]]
    known = {field.name: PUBLISHED[field.name] for field in fields(Summary)}
    facts = Facts(**{field.name: PUBLISHED[field.name] for field in fields(Facts)})
    page = to_html(facts, Summary(**{**known, "rows": tuple(rows), "left_out": ()}))
    measure = "const e = document.querySelector('.scroll'); document.title = e.scrollWidth + '/' + e.clientWidth"
    (tmp_path / "page.html").write_text(page.replace("</body>", f"<script>{measure}</script></body>"), "utf-8")
    options = "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", "--window-size=1200,900"
    command = [BROWSER, *options, "--dump-dom", (tmp_path / "page.html").as_uri()]
    laid_out = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    needed_px, there_px = map(int, laid_out.partition("<title>")[2].partition("</title>")[0].split("/"))
    assert 0 < needed_px <= there_px


def test_a_grid_is_trained_measured_and_kept(go, place):
    summary, heard = go()
    assert [row.cell for row in summary.rows] == [REFERENCE, "fixed"]
    assert [row.num_seeds for row in summary.rows] == [3, 1]
    assert summary.num_waiting == 0
    assert summary.num_measured == 15
    (missing,) = summary.left_out
    assert missing.words == "stabilised"
    assert any("Without stabilised" in line for line in heard.lines)
    assert all(0 < row.rmse_mm < 1.2 * row_mean_face(summary) for row in summary.rows)
    assert summary.spread_mm > 0
    standings = heard.standings
    assert standings[0].num_runs == 5
    assert standings[0].left_s > standings[-1].left_s >= 0

    # The same command again: nothing is trained.
    again, silent = go()
    assert again.rows == summary.rows
    assert silent.standings == []


def row_mean_face(summary) -> float:
    assert summary.mean_face_rmse_mm is not None
    return summary.mean_face_rmse_mm


def test_a_stopped_grid_goes_on_where_it_was(go):
    stopped, _ = go(stop_in=1)
    assert [row.cell for row in stopped.rows] == [REFERENCE]
    assert stopped.num_waiting > 0
    summary, heard = go()
    assert summary.num_waiting == 0
    assert REFERENCE not in {one.cell for one in heard.results if one.seed == 1}


def test_a_folder_of_another_grid_is_refused(go, place):
    go(stop_in=1)
    other = Grid((Cell(REFERENCE, "", "", "", replace(TINY, batch_size=7)),), ())
    with pytest.raises(LiveDoubleError, match="batch_size 5 -> 7"):
        go(other)
    with pytest.raises(LiveDoubleError, match="measured on 15 frames, not 7"):
        go(num_measured=7)


def test_a_damaged_result_says_what_to_do(go, place):
    go(stop_in=1)
    (place.folder / "grid" / "reference-seed1" / RESULT_FILE).write_text("{}")
    with pytest.raises(LiveDoubleError, match="is made again"):
        go()


def test_the_reference_must_be_possible(go, place, monkeypatch):
    impossible = Grid((replace(three_cells().cells[1], name=REFERENCE),), ())
    with pytest.raises(LiveDoubleError):
        go(impossible)
    assert not (place.folder / "grid" / "reference-seed1" / RESULT_FILE).exists()


def test_time_left_counts_what_comes_and_knows_each_network():
    slow = replace(three_cells().cells[0], name="slow", config=replace(TINY, network="fully_connected"))
    done = [(running.Run(three_cells().cells[0], 1), result(REFERENCE, 1, 1.0, seconds=10.0))]
    forecast = running.Forecast(done)
    now = running.Status(10, 100, 0.1, 0.0, 0.0, None, 1.0, elapsed_s=50.0, left_s=450.0)
    fast = three_cells().cells[2]
    # 100 steps of 0.1 s as the reference took; nobody knows the slow one, so it is taken to be like this one's 5 s.
    assert forecast.of([running.Run(fast, 1)], now) == pytest.approx(10.0)
    assert forecast.of([running.Run(slow, 1)], now) == pytest.approx(500.0)
