"""People and pages: the journeys, and the vocabulary they are written in."""
