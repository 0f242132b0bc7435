"""Rules that decide what an observation changes."""
