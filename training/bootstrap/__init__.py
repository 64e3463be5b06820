"""A double of a real person from clips of a webcam: a host tracks, a fit makes meshes of it, the network learns both.

Rule: whatever the host says is doubted: frames it cannot be believed on are left out and counted, each with its reason.
"""
