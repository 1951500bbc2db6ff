"""Ground truth for the doctor: short real trainings with known faults, and how often it names them."""
