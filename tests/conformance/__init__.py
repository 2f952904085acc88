"""``make conformance``: plays what T.30 is held against, and writes docs/conformance.rst of what happened."""
