"""The real-time core: frames, cameras, crop, backends, solver, mesh rendering, shots, bench. No torch, no Qt."""

import os

# Before numpy is first imported: its linear algebra would keep a thread spinning on every core after each small
# product, which costs a solve three quarters more processor time. The networks' runtimes bring their own threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
