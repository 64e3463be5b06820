"""Runs `livedouble` as a user does: a process of its own, its streams caught."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SCRIPT = "from app.cli.main import run; run()"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a user sees."""

    code: int
    out: str
    err: str

    @property
    def error_lines(self) -> list[str]:
        """The lines of stderr that are addressed to the user."""
        return [line for line in self.err.splitlines() if line.strip()]


def livedouble(*arguments: str | Path, timeout_s: float = 120.0) -> Outcome:
    """Run the command line and wait for it."""
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, stdin=subprocess.DEVNULL)
    return Outcome(done.returncode, done.stdout, done.stderr)


def assert_one_clear_line(outcome: Outcome, *words: str, code: int = 2) -> None:
    """The exit code, one line on stderr that has all `words`, and no traceback."""
    assert outcome.code == code, outcome
    assert len(outcome.error_lines) == 1, outcome.err
    line = outcome.error_lines[0]
    assert line.startswith("livedouble: "), line
    assert "Traceback" not in line
    for word in words:
        assert word in line, line
