"""Benchmarks: `uv run python -m tests.bench` prints their tables. No timing decides a test."""
