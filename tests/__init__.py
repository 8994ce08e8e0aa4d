"""The tests. They share their cores with the servers they start, so that numerical libraries, which
read this when they are loaded, do with one thread here and in every process that is started."""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
