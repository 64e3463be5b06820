"""Where frames come from: devices, movies, shots, a test card, behind one protocol."""

from engine.cameras.camera import Camera, CameraFacts, CameraTimeout
from engine.cameras.spec import SPEC_HELP, open_camera
from engine.cameras.usb import device_paths

__all__ = ["SPEC_HELP", "Camera", "CameraFacts", "CameraTimeout", "device_paths", "open_camera"]
