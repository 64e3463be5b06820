"""Recording a camera: what is written, what a pause leaves out, how it ends."""

from fractions import Fraction
from threading import Event

import numpy as np
import pytest

from engine.cameras import CameraFacts, CameraTimeout
from engine.errors import CameraError, StorageError
from engine.frames import Frame
from engine.movies import MovieReader
from engine.recording import Recorder

SIZE = (65, 48)


class Script:
    """A camera that gives the frames it was told to, then waits, ends or fails; `between` is called before each."""

    def __init__(self, num_frames, *, error=None, between=lambda index: None, opens=None):
        self.facts = CameraFacts("script", *SIZE, Fraction(25), False, None)
        self._num_frames, self._error, self._between, self._opens = num_frames, error, between, opens
        self._index, self.is_closed = 0, False

    def open(self):
        if self._opens is not None:
            raise self._opens

    def read(self, timeout_s):
        if self._index == self._num_frames:
            if self._error is not None:
                raise self._error
            return None
        self._between(self._index)
        index, self._index = self._index, self._index + 1
        return Frame(np.full((SIZE[1], SIZE[0], 3), min(255, 40 + 3 * index), np.uint8), index, index)

    def close(self):
        self.is_closed = True


def levels(path):
    with MovieReader(path) as movie:
        assert movie.facts.rate == 25
        return [round(float(picture.mean())) for picture in movie]


def test_what_a_killed_recording_left_is_put_aside_by_the_next_of_its_name(tmp_path, caplog):
    for number, aside in ((1, "me.rescued.mkv"), (2, "me.rescued1.mkv")):
        (tmp_path / "me.partial.mkv").write_bytes(bytes([number]))
        recorder = Recorder(Script(3), tmp_path / "me.mkv")
        recorder.resume()
        recorder.start()
        assert recorder.wait(10)
        recorder.stop()
        assert len(levels(tmp_path / "me.mkv")) == 3
        assert (tmp_path / aside).read_bytes() == bytes([number])
        assert aside in caplog.text
    assert not (tmp_path / "me.partial.mkv").exists()


def test_every_frame_is_written_while_it_records_and_none_in_a_pause(tmp_path):
    def between(index):
        if index == 5:
            recorder.resume()
        if index == 20:
            recorder.pause()
        if index == 30:
            recorder.resume()

    camera = Script(40, between=between)
    recorder = Recorder(camera, tmp_path / "me.mkv")
    assert not recorder.is_recording
    recorder.start()
    assert recorder.wait(20)
    recorder.stop()
    np.testing.assert_allclose(
        levels(tmp_path / "me.mkv"), [40 + 3 * n for n in [*range(5, 20), *range(30, 40)]], atol=3
    )
    assert recorder.num_written == 25
    assert recorder.error is None
    assert camera.is_closed
    assert list(tmp_path.iterdir()) == [tmp_path / "me.mkv"]


def test_stopping_finishes_the_movie(tmp_path):
    camera = Script(10**6, between=lambda index: None)
    recorder = Recorder(camera, tmp_path / "me.mp4")
    recorder.start()
    assert recorder.watched.take(5) is not None
    recorder.stop()
    assert recorder.num_written == 0
    assert list(tmp_path.iterdir()) == []  # nothing was recorded, nothing is left
    recorder.stop()


def test_a_camera_that_fails_leaves_what_was_recorded(tmp_path):
    camera = Script(12, error=CameraError("The cable is out.", "Plug it in."))
    recorder = Recorder(camera, tmp_path / "me.mkv")
    recorder.resume()
    recorder.start()
    assert recorder.wait(20)
    recorder.stop()
    assert len(levels(tmp_path / "me.mkv")) == 12
    assert recorder.error.reason == "The cable is out."
    assert recorder.frames.take(0).index == 11
    with pytest.raises(CameraError, match="cable"):  # whoever looks hears of it too
        recorder.frames.take(0)


def test_a_recording_that_is_killed_keeps_all_but_its_end(tmp_path):
    # More than ten seconds lay in FFmpeg's buffers.
    class Falling(Script):
        def read(self, timeout_s):
            if self._index == self._num_frames:
                raise CameraTimeout("nothing yet", "wait")
            return super().read(timeout_s)

    recorder = Recorder(Falling(100), tmp_path / "me.mkv")
    recorder.resume()
    recorder.start()
    while recorder.num_written < 100 and not recorder.wait(0.01):
        pass
    found = len(levels(tmp_path / "me.partial.mkv"))  # what a kill would leave now
    recorder.stop()
    assert recorder.num_written == 100
    assert found >= 100 - 2 * 25
    assert len(levels(tmp_path / "me.mkv")) == 100


def test_an_encoder_that_is_too_slow_ends_it_with_what_there_was(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.recording._WAITING_FRAMES", 4)
    monkeypatch.setattr("engine.recording.MovieWriter.write", slow := SlowWrite())
    recorder = Recorder(Script(500), tmp_path / "me.mkv")
    slow.recorder = recorder
    recorder.resume()
    recorder.start()
    assert recorder.wait(20)
    recorder.stop()
    assert isinstance(recorder.error, StorageError)
    assert "keep up" in recorder.error.reason
    assert 1 <= recorder.num_written < 500


class SlowWrite:
    """Writes the first frame only when the camera has run ahead."""

    recorder = None

    def __call__(self, image):
        pause = Event()  # not the recorder's own wait: this is its thread, which cannot wait for itself
        while not self.recorder._to_write.is_closed:
            pause.wait(0.005)


def test_a_camera_that_does_not_open_says_so_and_is_closed(tmp_path):
    camera = Script(1, opens=CameraError("There is no camera.", "Plug one in."))
    with pytest.raises(CameraError, match="no camera"):
        Recorder(camera, tmp_path / "me.mkv").start()
    assert camera.is_closed
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_ends_the_recording(tmp_path):
    recorder = Recorder(Script(5), tmp_path / "nowhere" / "me.mkv")
    recorder.resume()
    recorder.start()
    assert recorder.wait(20)
    recorder.stop()
    assert isinstance(recorder.error, StorageError)


def test_a_silent_camera_does_not_hold_up_the_end(tmp_path):
    class Silent(Script):
        def read(self, timeout_s):
            raise CameraTimeout("nothing yet", "wait")

    recorder = Recorder(Silent(0), tmp_path / "me.mkv")
    recorder.start()
    recorder.stop()
    assert recorder.error is None
