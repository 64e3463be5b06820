import numpy as np

from training.actor.anatomy import load_anatomy
from training.actor.bust import drape


def test_the_cut_edge_hangs_level_and_nothing_else_moves() -> None:
    anatomy = load_anatomy()
    before = anatomy.base - anatomy.base[anatomy.masks["ears"] > 0].mean(0)
    after = before.copy()
    drape(anatomy, after)
    moved = np.flatnonzero((after != before).any(axis=1))
    assert 40 < len(moved) < 80
    assert np.ptp(after[moved, 1]) == 0
    assert after[moved, 1].max() < before[:, 1].min() - 3
    edges = np.sort(np.stack([anatomy.quads, np.roll(anatomy.quads, -1, axis=1)], axis=-1).reshape(-1, 2), axis=1)
    edges, counts = np.unique(edges, axis=0, return_counts=True)
    open_edges = edges[counts == 1]
    low = open_edges[before[open_edges].min(axis=1)[:, 1] < -12]
    assert np.isin(low, moved).all(), "no ragged edge is left"
