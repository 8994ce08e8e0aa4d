"""Benchmarks: Polyvox against peers and limits measured in the same run, as ratios."""
