"""The command line: parse, call the library, print."""

from hundred.cli.main import main

__all__ = ["main"]
