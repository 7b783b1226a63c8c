"""Speed benchmarks: one thread, seeded, quality beside time, peers in the same run.

Libraries of linear algebra read their number of threads once, when numpy is first imported: it is set here, before any
benchmark of this package imports numpy.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ[_name] = "1"
