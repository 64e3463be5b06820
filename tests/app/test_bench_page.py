"""The benchmark's page: its script is run as a browser would, by Qt's own engine."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtQml import QJSEngine, QJSValue
from PyQt6.QtWidgets import QApplication

from app.bench_page import page
from tests.house.repository import ROOT

OLD = json.loads((ROOT / "docs/benchmarks/cpu-2-cores-avx512.json").read_text("utf-8"))  # of the first version


def report(processor: str = "Abacus", speed: float = 1.0) -> dict[str, Any]:
    """What a small benchmark says."""
    results = [
        {
            "backend": backend, "precision": precision, "batch": batch, "is_offline": batch > 1,
            "fps": 100.0 * speed * ratio, "p50_ms": 10.0, "p95_ms": 11.0, "p99_ms": 12.5, "num_runs": 9,
            "of_reference": ratio, "of_floor": 0.42, "of_online": 1.37 if batch > 1 else None,
        }
        for backend, precision, ratio in (("openvino", "bfloat16", 3.0), ("onnxruntime", "float32", 1.0))
        for batch in (1, 200)
    ]  # fmt: skip
    lines = [
        {**one, "picture": "1200x1600 colour", "crop_p50_ms": 1.0, "network_p50_ms": 9.0, "prepared_fps": 111.0}
        for one in results
        if one["batch"] == 1
    ]
    stage = {"stage": "decode", "what": "H.264 1200x1600 colour", "p50_ms": 5.5, "p95_ms": 6.0, "p99_ms": 7.0}
    rates = [{"by": "openvino", "precision": "bfloat16", "multiply_adds_per_s": 2e11}]
    machine = {"processor": processor, "num_cores": 2, "memory_mib": 8192, "features": [], "system": "S",
               "gpu": {"names": []}}  # fmt: skip
    return {
        "schema": 2, "created": "2026-11-27T10:00:00+00:00", "command": "livedouble bench", "actor": "demo",
        "checksum": "c", "num_vertices": 5043, "num_parameters": 10_000_000, "num_threads": 2, "num_rounds": 5,
        "machine": machine, "paper": OLD["paper"], "work": {"multiply_adds": 2_166_878_256}, "results": results,
        "lines": lines, "stages": [stage], "rates": rates, "copy_bytes_per_s": 1e10,
        "floors": [{"precision": "bfloat16", "arithmetic_ms": 10.8, "weights_ms": 1.0}],
        "power": [], "parity": [], "cold_starts": [], "left_out": [], "absent": ["watts: no meter"],
    }  # fmt: skip


def loaded() -> QJSEngine:
    """An engine that knows the page's functions."""
    engine = QJSEngine()
    text = "\n".join(Path(page.__file__).with_name(name).read_text("utf-8") for name in page.SCRIPTS)
    result = engine.evaluate(text, "page.js")
    assert not result.isError(), result.toString()
    return engine


@pytest.fixture
def drawn(application: QApplication) -> Any:
    """Draws reports as the page does: reports and a width to HTML."""
    engine = loaded()

    def draw(reports: list[dict[str, Any]], width: int = 900) -> str:
        engine.globalObject().setProperty("given", QJSValue(json.dumps(reports)))
        result = engine.evaluate(f"page(JSON.parse(given), {width})")
        assert not result.isError(), f"line {result.property('lineNumber').toInt()}: {result.toString()}"
        html = result.toString()
        assert "undefined" not in html
        assert "NaN" not in html
        return html

    return draw


def test_figures_stand_beside_onnx_runtime_the_floor_and_the_paper(drawn: Any) -> None:
    html = drawn([report()])
    assert "300  ·  3.00×" in html
    assert "42 %" in html
    assert html.count("1.37×") == 2  # of single frames in the batch's own rounds
    assert "the paper 287" in html
    assert "the paper 870" in html
    assert "before it 28" in html or "others_fps" not in OLD["paper"]
    assert html.count("<svg") == 5  # online, batches, latency, stages, floor: what was not measured is not drawn
    assert "watts: no meter" in html


@pytest.mark.parametrize("width", [330, 680, 1000])
def test_nothing_is_drawn_outside_the_plot(drawn: Any, width: int) -> None:
    html = drawn([report(), report("Other", 40.0)], width)
    for plot in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        places = [float(value) for value in re.findall(r' (?:x|x1|x2|cx)="([-\d.]+)"', plot)]
        assert min(places) >= 0
        assert max(places) <= width


def test_several_machines_are_laid_over_each_other(drawn: Any) -> None:
    html = drawn([report("Abacus"), report("Other", 2.0)])
    assert "2 machines" in html
    assert "A  OpenVINO bfloat16" in html
    assert "B  OpenVINO bfloat16" in html
    assert "stroke-dasharray" in html
    assert "different networks" not in html


def test_every_machine_stands_in_every_tile_also_where_it_has_no_figure(drawn: Any) -> None:
    other = report("Other", 2.0)
    other["results"] = [one for one in other["results"] if one["batch"] == 1]
    tiles = drawn([report("Abacus"), other]).partition('<div id="facts">')[0].split('<div class="tile">')[1:]
    figures = {
        re.findall(r'class="words">([^<]+)', tile)[0]: re.findall(
            r'class="letter">(\w)</span>([^<]+)<span class="unit">', tile
        )
        for tile in tiles
    }
    assert figures["Online"] == [("A", "300"), ("B", "600")]
    assert figures["Batched"] == [("A", "300"), ("B", "–")]
    assert figures["Picture in, vertices out"] == [("A", "300"), ("B", "600")]
    assert "Cold start" not in figures, "which none of them has"
    assert 'class="letter"' not in drawn([report("Abacus")])


def test_a_report_of_the_first_version_gets_its_ratios_from_its_own_figures(drawn: Any) -> None:
    html = drawn([report(), OLD])
    by_hand = {(one["backend"], one["precision"], one["batch"]): one["fps"] for one in OLD["results"]}
    ratio = by_hand["openvino", "float32", 1] / by_hand["onnxruntime", "float32", 1]
    assert f"{ratio:.2f}×" in html
    gained = by_hand["openvino", "float32", 200] / by_hand["openvino", "float32", 1]
    assert f"{gained:.2f}×" in html
    assert "different networks" in html


def test_a_machine_far_ahead_does_not_press_the_others_flat(drawn: Any) -> None:
    html = drawn([report(), report("Giant", 300.0)])
    assert "1,000" in html
    assert ">100<" in html


def test_whatever_a_name_holds_is_shown_as_it_is(drawn: Any) -> None:
    evil = report("</script><b>&")
    assert "<b>&" not in drawn([evil])
    text = page.render([evil])
    assert text.count("</script>") == 2  # the data's end and the script's
    (data,) = re.findall(r'<script type="application/json" id="reports">(.*?)</script>', text, re.DOTALL)
    assert json.loads(data) == [evil]


def test_the_page_needs_nothing_but_itself(tmp_path: Path) -> None:
    page.write_page([report()], tmp_path / "bench.html")
    text = (tmp_path / "bench.html").read_text("utf-8")
    assert not re.search(r"""(?:src|href)=|@import|url\(|https?:|fetch\(|XMLHttp""", text)


def test_a_reader_without_scripts_sees_the_figures() -> None:
    (plain,) = re.findall(r"<noscript>.*?</noscript>", page.render([report()]), re.DOTALL)
    assert "300.0" in plain


def test_what_is_dropped_on_the_page_must_be_a_report(application: QApplication) -> None:
    engine = loaded()
    for value, expected in (
        (report(), True),
        (OLD, True),
        ({}, False),
        ([1], False),
        (None, False),
        ({"results": []}, False),
    ):
        engine.globalObject().setProperty("given", QJSValue(json.dumps(value)))
        assert engine.evaluate("isReport(JSON.parse(given))").toBool() is expected, value
