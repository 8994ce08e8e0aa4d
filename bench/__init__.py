"""Speed, memory and likeness. What is measured has one thread for its numerical libraries, which
read this when they are loaded, as it has in an engine's own process."""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
