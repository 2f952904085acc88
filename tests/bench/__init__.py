"""The figures of ``make bench``: how fast and how large the gateway is on the machine at hand.

``python -m tests.bench [NAME ...] [--json-only]`` runs all benches or the named ones.  No figure fails a run.
"""
