"""The formats that meshes are written in; alone here, so that naming one loads no library."""

from enum import StrEnum


class Format(StrEnum):
    """What a mesh sequence is written as."""

    ABC = "abc"
    USD = "usd"
    USDA = "usda"
    PC2 = "pc2"
    MDD = "mdd"
    OBJ = "obj"
    NPY = "npy"
    NPZ = "npz"
