"""Reads what `livedouble bench --json` wrote, here or on another machine, by this version or the first."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.bench.report import SCHEMA
from engine.errors import LiveDoubleError

_RESULT = {"backend", "precision", "batch", "fps", "p50_ms", "p95_ms", "p99_ms"}
_BENCH_AGAIN = "Give a file that `livedouble bench --json` wrote."


def read_reports(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """The reports in order, as plain values.

    Raises:
        LiveDoubleError: A file is missing, is no report, or is of a later version.
    """
    return [_read(path) for path in paths]


def _read(path: Path) -> dict[str, Any]:
    try:
        report = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise LiveDoubleError(f"{path} cannot be read ({error.strerror}).", _BENCH_AGAIN) from error
    except ValueError as error:  # neither text nor JSON
        raise LiveDoubleError(f"{path} is not JSON ({error}).", _BENCH_AGAIN) from error
    if not _is_report(report):
        raise LiveDoubleError(f"{path} is not a report of a benchmark.", _BENCH_AGAIN)
    if report.get("schema", 1) > SCHEMA:
        raise LiveDoubleError(
            f"{path} is a report of version {report['schema']}, this one reads up to {SCHEMA}.",
            "Update LiveDouble here, or measure again with this version.",
        )
    return dict(report)


def _is_report(value: object) -> bool:
    if not isinstance(value, dict) or not {"results", "lines", "machine", "paper", "checksum"} <= value.keys():
        return False
    results = value["results"]
    has_results = isinstance(results, list) and all(isinstance(one, dict) and one.keys() >= _RESULT for one in results)
    return has_results and isinstance(value["machine"], dict) and "processor" in value["machine"]
