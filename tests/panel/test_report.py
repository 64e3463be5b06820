"""The page: whole by itself, well formed, and nothing of what was measured left out."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from engine.errors import StorageError
from tests.panel.faces import FACE, at_rest, during, lively, moved, panel_of, shot, with_closed_lips
from tests.render.shapes import ball
from training.judge import Training
from training.panel.candidate import Kind, Measured
from training.panel.convergence import Convergence
from training.panel.report import Additions, Facts, Missing, Pictured, Report, Trained, picture_frames, write_page
from training.panel.report.page import picture, render
from training.panel.report.pictures import Answer, Result, ToPicture
from training.panel.worst import WorstFrame

_VOID = {"meta", "br", "img", "link", "hr", "input"}


class Outline(HTMLParser):
    """Checks that elements nest, and gathers what a reader sees."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.addresses, self.words, self.num_rows = [], [], [], [], 0
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.ids += [values["id"]] if "id" in values else []
        self.addresses += [values[name] for name in ("src", "href") if name in values]
        self.num_rows += tag == "tr"
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        values = dict(attributes)
        self.ids += [values["id"]] if "id" in values else []
        self.addresses += [values[name] for name in ("src", "href") if name in values]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data.strip())


def measured(name, kind, solved, truth, expected_mm=None):
    return Measured(name, kind, f"words of {name}", panel_of(shot(truth, solved, "first", expected_mm)))


@pytest.fixture(scope="module")
def report():
    truth = with_closed_lips(lively(60), during(60, (20, 30)))
    late = with_closed_lips(moved(lively(60), 0.02, 0, 0), during(60, (22, 32)))
    expected_mm = np.full((60, 40), 0.3, np.float32)
    picture = np.full((40, 30, 3), 90, np.uint8)
    frame = WorstFrame("first", 21, 1.5, 4.0)
    results = (Result("run a", 1.5, picture, picture), Result("run b", 1.2, picture, picture))
    epochs = np.arange(1.0, 30.0)
    curve = Convergence("run a", epochs, 3 / epochs, 4 / epochs, np.full(29, 3.5), 1e-3 / epochs**0.5, 1.0, 25.0)
    return Report(
        facts=Facts("demo", "data/ten", 1, 60, 2.0, "2026-11-22 10:00 UTC", "A processor, 2 cores",
                    "livedouble evaluate 'run a' --data data/ten", "0.1.0"),
        measured=(
            measured("run a", Kind.NETWORK, late, truth, expected_mm),
            measured("run b", Kind.NETWORK, moved(truth, 0, 0.05, 0), truth),
            measured("mean face", Kind.MEAN_FACE, np.broadcast_to(truth.mean(axis=0), truth.shape), truth),
            measured("best in basis", Kind.BASIS, truth, truth),
        ),
        trained=(Trained("run a", Training(15_000, 200.0, 3600.0, "a fast machine")),
                 Trained("run b", Training(None, None, None, ""))),
        missing=(Missing("a landmark <tracker>", "it was not asked for"),),
        convergence=(curve,),
        pictured=(Pictured(frame, 0.7, (picture[..., 0],), picture, results),),
        error_range_mm=2.0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def page(report):
    return render(report)


def test_elements_nest_and_ids_are_unique(page):
    outline = Outline(page)
    assert len(outline.ids) == len(set(outline.ids))
    for part in ("headline", "facts", "comparison", "regions", "curves", "behaviour", "timing", "calibration",
                 "worst", "convergence", "glossary", "missing"):  # fmt: skip
        assert part in outline.ids


def test_nothing_is_fetched_from_anywhere(page):
    for address in Outline(page).addresses:
        assert address.startswith(("data:image/jpeg;base64,", "#")), address[:60]
    assert "http" not in page
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)
    assert "<script" not in page


def test_plots_are_well_formed_and_wear_the_page_s_colours(page, report):
    plots = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    labels = [ElementTree.fromstring(plot).get("aria-label") for plot in plots]
    assert labels == [
        "Error and attenuation by region", "Error of every frame of first", "Timing of closures",
        "Reliability of the errors expected by run a", "Convergence",
    ]  # fmt: skip
    for plot in plots:
        assert "var(--" in plot
        assert not re.search(r"#0[1-5]0\d0\d", plot)


def test_every_clip_path_that_is_used_is_there(page):
    used = set(re.findall(r"url\(#([^)]+)\)", page)) | set(re.findall(r'href="#([^"]+)"', page))
    assert used
    assert used <= set(Outline(page).ids)


def test_the_figures_of_the_panel_are_on_the_page(page, report):
    words = " ".join(Outline(page).words)
    panel = report.main.panel
    for figure in (panel.rmse_mm, panel.mean_face_rmse_mm, panel.overall.depth_mm, panel.aligned.affine_mm,
                   panel.worst_attenuation, report.measured[1].panel.rmse_mm):  # fmt: skip
        assert f"{figure:.3f}".replace("-", "−") in words
    for one in report.measured:
        assert one.name in words
        assert one.words in words
    for text in ("A processor, 2 cores", "2026-11-22 10:00 UTC", "15000 frames, 200 epochs, 1 h 0 min, a fast machine"):
        assert text in words
    assert "1 of 1" in words
    assert "+67" in words  # two frames at 30/s late


def test_names_cannot_break_the_page(page):
    assert "a landmark &lt;tracker&gt;" in page


def test_aims_are_judged(page, report):
    words = " ".join(Outline(page).words)
    assert "missed" in words
    assert "met" in words


def test_print_breaks_pages_and_forces_paper(page):
    assert "@media print" in page
    assert "break-before: page" in page
    assert "@media screen and (prefers-color-scheme: dark)" in page


def test_a_bare_mesh_makes_a_page_too(report):
    bare = replace(FACE, sets={})
    panel = panel_of(shot(lively(9), lively(9)), topology=bare)
    poor = replace(
        report, measured=(Measured("n", Kind.NETWORK, "w", panel),), trained=(), convergence=(), pictured=(), missing=()
    )
    outline = Outline(render(poor))
    assert "regions" not in outline.ids
    assert "worst" not in outline.ids
    assert "curves" in outline.ids


def test_a_network_that_expects_no_error_at_all_makes_a_page_too(report):
    # matplotlib warned of the end of its axes, at 0.
    expected_mm = np.repeat(np.float32([[0.0], [0.3]]), 40, axis=1)
    sure = measured("run a", Kind.NETWORK, moved(at_rest(2), 0.02, 0, 0), at_rest(2), expected_mm)
    assert "calibration" in Outline(render(replace(report, measured=(sure,)))).ids


def test_one_frame_makes_a_page_too(report):
    panel = panel_of(shot(at_rest(1), at_rest(1)))
    only = replace(report, measured=(Measured("run a", Kind.NETWORK, "w", panel),))
    assert "headline" in Outline(render(only)).ids


def test_a_page_is_written_whole_or_not_at_all(report, tmp_path):
    write_page(report, tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(StorageError, match="could not be written"):
        write_page(report, tmp_path / "nowhere" / "report.html")


def test_what_is_no_truth_is_not_called_one(report):
    assert ">truth</div>" in render(report)
    of_fit = render(replace(report, additions=Additions(truth_name="steady fit")))
    assert ">steady fit</div>" in of_fit
    assert ">truth</div>" not in of_fit


def test_a_network_that_saw_another_picture_is_shown_with_its_own(report):
    # Of a head held still, the page showed the plain crop that another network had seen.
    mesh, plain, still = ball().neutral, np.full((40, 30), 60, np.uint8), np.full((40, 30), 90, np.uint8)
    answers = tuple(Answer(*one, mesh) for one in (("run a", (plain,)), ("run b", (plain,)), ("still", (still,))))
    frame = ToPicture(WorstFrame("first", 21, 0.0, 0.0), 0.7, mesh, answers)
    pictured, _ = picture_frames(ball(), [frame], lambda _: None)
    page = render(replace(report, pictured=pictured))
    shown = [(alt, address) for address, alt in re.findall(r'<img src="([^"]+)" alt="(What [^"]+ saw)">', page)]
    assert shown == [("What run a saw", picture(plain)), ("What still saw", picture(still))]
    assert "input of still</div>" in page


def test_pictures_show_distance_in_the_scale_s_colours():
    topology = ball()
    right, wrong = topology.neutral, topology.neutral + np.float32([0, 0, 0.29])
    answers = Answer("good", (), right), Answer("bad", (), wrong)
    frames = [ToPicture(WorstFrame("a", 0, 3.0, 3.0), 0.0, right, answers)]
    done = []
    (pictured,), range_mm = picture_frames(topology, frames, done.append)
    assert range_mm == 3.0
    assert done == [1]
    good, bad = pictured.results
    assert (good.rmse_mm, bad.rmse_mm) == (0.0, pytest.approx(2.9, rel=1e-3))
    middle = good.difference.shape[0] // 2, good.difference.shape[1] // 2
    assert good.difference[middle][2] > good.difference[middle][0]  # none is blue
    assert int(bad.difference[middle][0]) > 2 * int(bad.difference[middle][2])  # the range's end is red
    assert pictured.truth.shape == (400, 300, 3)
