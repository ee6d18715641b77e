"""Benchmarks: `python -m tests.bench` prints the table of ratios (`make bench`)."""
