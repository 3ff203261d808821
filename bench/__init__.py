"""Benchmarks, each beside a peer in the same run: `python -m bench [cold|send|storage] [--json]`. Never timed tests."""
