"""Camera picture to network input on the GPU: the CUDA twin of `engine.crop` and of `engine.stabilise.cut`.

Rule: nothing here waits for the GPU but the constructor and `close`; what is asked for runs in the order of its stream.
"""

import ctypes

import numpy as np

from engine.frames import CropRect
from engine.gpu.driver import DeviceMemory, Gpu, Stream
from engine.gpu.kernel import KERNEL_NAME, compiled
from engine.gpu.parameters import NetworkInput, Parameters, Picture, parameters
from engine.stabilise import Placement

_BLOCK_WIDTH = 32
_BLOCK_HEIGHT = 8


class GpuPreparation:
    """Prepares the pictures of one camera for one network. One thread at a time, on which the GPU is current.

    A picture's buffer always has the shape of the whole picture; where only the crop was copied, the rest of it is
    never read. So one kernel serves both, and the crop may move between frames: `look`, `upload` and `enqueue` in
    one stream follow each other. A captured `enqueue` reads the crop when it runs. Several pictures in flight take a
    preparation each.

    Args:
        gpu: Where.
        picture: The camera's, as it lies in the GPU's buffer.
        network: What to make of it.
        crop: Where the network looks at first.

    Raises:
        BackendError: A CUDA library is missing, or the GPU is out of memory.
        CameraError: The crop leaves the picture.
    """

    def __init__(self, gpu: Gpu, picture: Picture, network: NetworkInput, crop: CropRect) -> None:
        self._gpu = gpu
        self._picture = picture
        self._network = network
        self._plain_crop: CropRect | None = crop
        self._reach = crop
        first = parameters(picture, crop, network)
        code = np.frombuffer(compiled(gpu.architecture), np.uint8)
        self._module = gpu.call("cuModuleLoadData", code.ctypes.data)
        self._function = gpu.call("cuModuleGetFunction", self._module, KERNEL_NAME.encode())
        self._parameters = DeviceMemory(gpu, ctypes.sizeof(Parameters))
        gpu.call("cuMemcpyHtoD", self._parameters.address, ctypes.addressof(first), ctypes.sizeof(first))
        # What a launch takes: the addresses of three arguments, each a device address.
        self._arguments = (ctypes.c_uint64 * 3)(self._parameters.address, 0, 0)
        start, step = ctypes.addressof(self._arguments), ctypes.sizeof(ctypes.c_uint64)
        self._argument_places = (ctypes.c_uint64 * 3)(start, start + step, start + 2 * step)

    @property
    def needed(self) -> CropRect:
        """The pixels that are read from the next `enqueue` on, and that `upload` copies."""
        return self._picture.needed(self._reach)

    def look(self, crop: CropRect, placed: Placement | None, stream: Stream) -> None:
        """Look there from here on in `stream`. Not while the stream is captured.

        Args:
            crop: Of the picture.
            placed: Where in it a head that is held still lies; None is the plain crop.
            stream: Whose order it keeps.

        Raises:
            CameraError: The crop leaves the picture.
        """
        if placed is None and crop == self._plain_crop:
            return
        changed = parameters(self._picture, crop, self._network, placed)
        # The driver has taken a copy of ordinary memory when this returns.
        place, size = self._parameters.address, ctypes.sizeof(changed)
        self._gpu.call("cuMemcpyHtoDAsync", place, ctypes.addressof(changed), size, stream.address)
        self._plain_crop = crop if placed is None else None  # a head lies elsewhere in every picture
        self._reach = crop if placed is None else self._picture.reach(placed, self._network)

    def upload(self, stream: Stream, host_address: int, host_pitch_bytes: int, picture_address: int) -> None:
        """Copy the pixels that are `needed`, and no others, to their place in the GPU's buffer.

        Args:
            stream: Whose order it keeps.
            host_address: Of the whole picture's first pixel, in page-locked memory; unchanged until the copy has run.
            host_pitch_bytes: From one row there to the next.
            picture_address: Of the buffer on the GPU, `pitch_bytes` x `height_px`.
        """
        needed = self.needed
        driver = self._gpu.driver
        copy = driver.CUDA_MEMCPY2D()
        copy.srcMemoryType = driver.CUmemorytype.CU_MEMORYTYPE_HOST
        copy.srcHost = host_address
        copy.srcPitch = host_pitch_bytes
        copy.dstMemoryType = driver.CUmemorytype.CU_MEMORYTYPE_DEVICE
        copy.dstDevice = picture_address
        copy.dstPitch = self._picture.pitch_bytes
        copy.srcXInBytes = copy.dstXInBytes = needed.x * self._picture.layout.bytes_per_pixel
        copy.srcY = copy.dstY = needed.y
        copy.WidthInBytes = needed.width * self._picture.layout.bytes_per_pixel
        copy.Height = needed.height
        self._gpu.call("cuMemcpy2DAsync", copy, stream.address)

    def enqueue(self, stream: Stream, picture_address: int, out_address: int) -> None:
        """Prepare one picture; may be captured into a graph.

        Args:
            stream: Whose order it keeps.
            picture_address: Of the picture's buffer on the GPU.
            out_address: Of [height_px, width_px] of the network's number type, on the GPU.
        """
        self._arguments[1], self._arguments[2] = picture_address, out_address
        columns, rows = -(-self._network.width_px // _BLOCK_WIDTH), -(-self._network.height_px // _BLOCK_HEIGHT)
        self._gpu.call(
            "cuLaunchKernel",
            self._function,
            *(columns, rows, 1),
            *(_BLOCK_WIDTH, _BLOCK_HEIGHT, 1),
            *(0, stream.address),  # no shared memory
            ctypes.addressof(self._argument_places),
            0,
        )

    def close(self) -> None:
        """Free what it holds on the GPU; what it was asked for must have run."""
        self._parameters.close()
        if self._module is not None:
            self._gpu.call("cuModuleUnload", self._module)
            self._module = None
