"""Cleaning in a process of its own: hostile recordings cannot hold, fill or end the process that runs journeys."""
