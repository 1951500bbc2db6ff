"""Speed against peers, measured beside us in the same run: `make bench`."""
