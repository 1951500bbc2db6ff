"""`python -m hundred` is `hundred`."""

from hundred.cli.main import main

main()
