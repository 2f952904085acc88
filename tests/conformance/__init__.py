"""``make conformance``: plays everything that T.30 is held against and writes docs/conformance.rst from what happened."""
