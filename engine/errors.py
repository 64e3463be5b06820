"""The errors that come from the world rather than from a programming mistake.

Rule: `reason` says what went wrong and why, `recovery` what the user does next; each is one sentence.
"""


class LiveDoubleError(Exception):
    """Something outside the program is not as it must be.

    Args:
        reason: What failed and why, one sentence, naming the file, camera or value.
        recovery: What the user does next, one sentence.
    """

    def __init__(self, reason: str, recovery: str) -> None:
        super().__init__(reason, recovery)  # the arguments as they came: an error crosses processes by them
        self.reason = reason
        self.recovery = recovery

    def __str__(self) -> str:
        return f"{self.reason} {self.recovery}"


class ActorError(LiveDoubleError):
    """An actor bundle is missing, damaged or of another version."""


class CameraError(LiveDoubleError):
    """A camera or movie does not open, or stops giving frames."""


class BackendError(LiveDoubleError):
    """A backend cannot run here, or not with this network."""


class ShotError(LiveDoubleError):
    """A shot or a data set is missing a part, or its parts do not agree."""


class StorageError(LiveDoubleError):
    """A result cannot be written, for example because the disk is full."""


class TakenError(StorageError):
    """Another process writes the same result at this moment."""


class TrackerError(LiveDoubleError):
    """A face tracker or its model is not installed, or is not what it claims to be."""
