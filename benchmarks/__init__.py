"""Benchmarks: each module prints its measurements and asserts nothing about time."""
