"""An NVIDIA GPU and what runs there besides the network: the camera's picture becomes the network's input.

Rule: no torch and no cupy; every module imports where no CUDA library is installed, and says what is missing when used.
"""
