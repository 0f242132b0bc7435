"""Playing a journey: the resident worker, the parent that holds its clock, and what came of it."""
