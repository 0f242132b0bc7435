"""The journeys, and the vocabulary in which they are written: actors, steps, services, pages, media."""
