"""What the window is asked to run, and making a line of it: actor, backend, camera, session.

Rule: no Qt; this runs in the background while the window is already up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.backends import Backend, not_taken, open_backend
from engine.bundle import ActorBundle
from engine.cameras import open_camera
from engine.errors import LiveDoubleError
from engine.frames import CropRect
from engine.session import Session


@dataclass(frozen=True, slots=True)
class Request:
    """One line, as the user asked for it.

    Args:
        actor: The actor's folder.
        camera: For example `0`, `movie:take.mp4`, `pattern:`.
        backend: None chooses the fastest that works.
        precision: None chooses the backend's.
        crop: None takes the actor's own.
        num_frames: End the stream after so many; None never.
        is_looping: Whether a movie starts again at its end; None leaves it to the kind of camera.
    """

    actor: Path
    camera: str
    backend: str | None = None
    precision: str | None = None
    crop: CropRect | None = None
    num_frames: int | None = None
    is_looping: bool | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Everything that runs for one window."""

    bundle: ActorBundle
    backend: Backend
    session: Session

    def start(self) -> None:
        """Open the camera and run.

        Raises:
            CameraError: The camera does not open, or the crop leaves its picture; the line is closed then.
        """
        try:
            self.session.start()
        except LiveDoubleError:
            self.backend.close()
            raise

    def close(self) -> None:
        """Stop from the source down and free the backend."""
        self.session.stop()
        self.backend.close()


def open_line(request: Request, seen: Callable[[ActorBundle], None]) -> Line:
    """Load all that the request names; nothing runs yet.

    Args:
        request: What to load.
        seen: Told of the actor before its network is loaded, so that the face can be drawn meanwhile.

    Raises:
        LiveDoubleError: A part does not exist, is damaged, or does not fit the others.
    """
    camera = open_camera(request.camera, is_looping=request.is_looping)
    bundle = ActorBundle.open(request.actor)
    seen(bundle)
    backend = open_backend(bundle, request.backend, request.precision, may_swap=True)
    try:
        others = not_taken(backend.name, backend.precision)
        session = Session(camera, bundle, backend, request.crop, others=others, limit_frames=request.num_frames)
    except LiveDoubleError:  # a library that the actor needs is missing
        backend.close()
        raise
    return Line(bundle, backend, session)
