"""Commands for writing journeys."""
