"""`python -m hundred` is `hundred`."""

from hundred.cli import main

main()
