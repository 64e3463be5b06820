"""Data sets, the virtual actor, the network, the training loop and its evaluation (torch)."""
