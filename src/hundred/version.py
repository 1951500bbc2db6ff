"""The version of this package, also the one in pyproject.toml."""

__version__ = "0.1.0"
