"""Commands that play journeys: now, on a schedule, or as a rehearsal."""
