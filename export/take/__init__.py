"""Solved or recorded meshes, written in the formats that studios read."""
