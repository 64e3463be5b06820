"""What `livedouble bench` shows on a terminal: tables of one machine, or several machines side by side."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from app.cli.console import Printer, out

if TYPE_CHECKING:
    from engine.bench import BenchReport

_GIGA = 1e9
_WIDEST = 1000  # columns


def show(report: "BenchReport") -> None:
    """Print one machine's figures."""
    _show_network(report)
    _show_lines(report)
    _show_stages(report)
    _show_floor(report)
    _show_power(report)
    _show_parity(report)
    for start in report.cold_starts:
        out.print(
            f"{start.backend} {start.precision}: {start.first_frame_ms:.0f} ms from a new process to its first mesh,"
            f" {start.load_ms:.0f} ms to load once more",
            soft_wrap=True,
        )
    for told in (*report.left_out, *report.absent):
        out.print(f"not measured: {escape(told)}", soft_wrap=True)
    machine = report.machine
    out.print(
        f"{escape(machine.processor)}, {report.num_threads} threads; {escape(report.actor)},"
        f" {report.num_vertices:,} vertices, {report.num_parameters / 1e6:.1f} M parameters,"
        f" {report.work.multiply_adds / _GIGA:.2f} G multiply-adds a frame; {report.created}",
        soft_wrap=True,
    )


def show_compared(reports: Sequence[Mapping[str, Any]]) -> None:
    """Print the network's frames a second, a column for each machine."""
    letters = [chr(ord("A") + place) for place in range(len(reports))]
    table = _table("Network alone, frames/s", "batch", *letters)
    rows = [one for report in reports for one in report["results"]]
    for backend, precision in dict.fromkeys((one["backend"], one["precision"]) for one in rows):
        alike = [one for one in rows if (one["backend"], one["precision"]) == (backend, precision)]
        for batch in sorted({one["batch"] for one in alike}):
            told = (_frames(report, backend, precision, batch) for report in reports)
            table.add_row(f"{backend} {precision}", str(batch), *told)
    _print(table)
    for name, report in zip(letters, reports, strict=True):
        machine = report["machine"]
        gpus = "".join(f", {name}" for name in machine.get("gpu", {}).get("names", ()))
        out.print(
            f"{name}: {escape(machine['processor'])}{escape(gpus)}, {machine.get('num_cores', '?')} cores;"
            f" {report.get('created', '')}",
            soft_wrap=True,
        )
    if len({report["checksum"] for report in reports}) > 1:
        out.print("These machines ran different networks: compare with care.", soft_wrap=True)


def _frames(report: Mapping[str, Any], backend: str, precision: str, batch: int) -> str:
    wanted = (backend, precision, batch)
    found = (one["fps"] for one in report["results"] if (one["backend"], one["precision"], one["batch"]) == wanted)
    return next((f"{fps:.1f}" for fps in found), "–")


def _show_network(report: "BenchReport") -> None:
    paper = report.paper
    in_paper = {1: f"{paper.online_fps:g}", paper.batch: f"{paper.batched_fps:g}"}
    columns = ("batch", "frames/s", "p50", "p95", "p99", "× online", "× ORT", "floor", "paper")  # 80 wide
    table = _table("Network alone: crops in, vertices out; p50 to p99 are ms a batch", *columns)
    for one in report.results:
        times = (f"{one.fps:.1f}", _ms(one.p50_ms), _ms(one.p95_ms), _ms(one.p99_ms))
        of_online = "" if one.of_online is None else f"{one.of_online:.2f}"
        ratios = (of_online, f"{one.of_reference:.2f}", _percent(one.of_floor))
        table.add_row(f"{one.backend} {one.precision}", str(one.batch), *times, *ratios, in_paper.get(one.batch, ""))
    _print(table)
    out.print(
        "In the same rounds, × online: of the same, one frame at a time; × ORT: of ONNX Runtime in float32; floor:"
        f" share of the rate of plain matrix products; paper: frames/s of {paper.source}, {paper.gpu}"
        f" ({paper.others}: {paper.others_fps:g})\n",
        soft_wrap=True,
    )


def _show_lines(report: "BenchReport") -> None:
    columns = ("picture", "frames/s", "p50 ms", "p95 ms", "p99 ms", "crop ms", "without")
    table = _table("1200x1600 picture in, vertices out, one at a time, with copies", *columns)
    for line in report.lines:
        figures = (f"{line.fps:.1f}", f"{line.p50_ms:.1f}", f"{line.p95_ms:.1f}", f"{line.p99_ms:.1f}")
        more = (f"{line.crop_p50_ms:.1f}", f"{line.prepared_fps:.1f}")
        table.add_row(f"{line.backend} {line.precision}", line.picture.split()[-1], *figures, *more)
    _print(table)
    out.print(f"with copies: {report.with_copies}; without: {report.without_copies}\n", soft_wrap=True)


def _show_stages(report: "BenchReport") -> None:
    table = _table("Each stage by itself", "of what", "p50 ms", "p95 ms", "p99 ms")
    for stage in report.stages:
        table.add_row(
            stage.stage, stage.what, *(f"{value:.2f}" for value in (stage.p50_ms, stage.p95_ms, stage.p99_ms))
        )
    _print(table)
    out.print()


def _show_floor(report: "BenchReport") -> None:
    table = _table("What arithmetic allows", "precision", "G multiply-adds/s", "network ms")
    for rate in report.rates:
        needed_ms = 1000 * report.work.multiply_adds / rate.multiply_adds_per_s
        table.add_row(rate.by, rate.precision, f"{rate.multiply_adds_per_s / _GIGA:.0f}", f"{needed_ms:.2f}")
    _print(table)
    out.print(f"One core copies {report.copy_bytes_per_s / _GIGA:.1f} GB/s.\n")


def _show_power(report: "BenchReport") -> None:
    if not report.power:
        return
    table = _table("Watts and clocks, online", "frames/s", "processor W", "MHz", "GPU W", "MHz", "J a frame")
    for one in report.power:
        read = (one.processor_watts, one.processor_mhz, one.gpu_watts, one.gpu_mhz, one.joules_per_frame)
        told = ("–" if value is None else f"{value:.4g}" for value in read)
        table.add_row(f"{one.backend} {one.precision}", f"{one.fps:.1f}", *told)
    _print(table)
    out.print()


def _show_parity(report: "BenchReport") -> None:
    if not report.parity:
        return
    table = _table("Away from ONNX Runtime in float32", "rms mm", "worst vertex mm", "frames")
    for one in report.parity:
        table.add_row(f"{one.backend} {one.precision}", f"{one.rms_mm:.4f}", f"{one.worst_mm:.3f}", str(one.num_frames))
    _print(table)
    out.print(f"on {report.parity_pictures}\n")


def _print(table: Table) -> None:
    """All of it: where the terminal is too narrow its lines run on, but no figure is cut off."""
    wide = out.options.update(max_width=_WIDEST)
    width = max(out.width, table.__rich_measure__(out, wide).maximum)
    Printer(file=out.file, width=width, highlight=False).print(table)  # `out` would print its own width at most


def _ms(value: float) -> str:
    return f"{value:.1f}" if value < 1000 else f"{value:.0f}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right")
    return table
