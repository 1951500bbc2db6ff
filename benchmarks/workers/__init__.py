"""Each worker is one process that trains for a few seconds and prints its images per second as JSON."""
