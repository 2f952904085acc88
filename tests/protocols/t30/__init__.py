"""Tests of T.30."""
