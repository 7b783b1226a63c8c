"""indexing: which two people should be compared? Candidate retrieval over vectors; knows no web."""

import os

# Threads of faiss that have nothing to do sleep: left to itself, its OpenMP has them turn in circles, which takes a
# core from whoever else works. It is read when faiss is loaded; what an operator has set stays.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
