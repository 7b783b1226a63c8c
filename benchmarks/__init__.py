"""Benchmarks: seeded, run by hand, quality beside time and beside peers in the same run."""
