"""The real-time core: frames, cameras, crop, backends, solver, mesh rendering, shots, bench. No torch, no Qt."""
