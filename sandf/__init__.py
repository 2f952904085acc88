"""sandf, a T.37 store-and-forward fax gateway."""

__version__ = "0.1.0"
