"""`livedouble bootstrap` in a process of its own, its words as they come.

Rule: the window never waits for it; what is stopped goes on by the same command.
"""

import sys
from collections.abc import Callable, Sequence

from PyQt6.QtCore import QProcess

_STOP_MS = 5000
_STEP = "Step "  # how such a line begins; a training's own "step 20/400" does not
_SCRIPT = "from app.cli.main import run; run()"


class Making:
    """One run of the command.

    Args:
        arguments: Of `livedouble`.
        tell: Takes each line it says, and the last one that told of a whole step and of all the time left, empty before
            the first; on the window's thread.
        ended: Takes its exit code and its last line.
    """

    def __init__(
        self, arguments: Sequence[str], tell: Callable[[str, str], None], ended: Callable[[int, str], None]
    ) -> None:
        self._tell, self._ended = tell, ended
        self._last, self._step, self._rest = "", "", b""
        self._process = QProcess()
        self._process.setProgram(sys.executable)
        self._process.setArguments(["-c", _SCRIPT, *arguments])
        self._process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._finished)

    def start(self) -> None:
        """Begin; once."""
        self._process.start()

    def stop(self) -> None:
        """Ask it to save and end, and wait a little."""
        if self._process.state() is QProcess.ProcessState.NotRunning:
            return
        self._process.finished.disconnect()
        self._process.terminate()
        if not self._process.waitForFinished(_STOP_MS):
            self._process.kill()
            self._process.waitForFinished(_STOP_MS)

    def _read(self) -> None:
        *lines, self._rest = (self._rest + bytes(self._process.readAllStandardOutput())).split(b"\n")
        for line in lines:
            words = line.decode("utf-8", "replace").strip()
            if words:
                self._last = words.removeprefix("livedouble: ")
                self._step = words if words.startswith(_STEP) else self._step
                self._tell(self._last, self._step)

    def _finished(self, code: int) -> None:
        self._rest += b"\n"
        self._read()
        self._ended(code, self._last)
