"""Commands that run journeys: now, on a schedule, or as a rehearsal."""
