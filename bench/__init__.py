"""Benchmarks, each beside a peer in the same run: `python -m bench [NAME] [--json]`. Never timed tests."""
