"""Evidence of runs: recorded, redacted, packed, spooled, stored, swept, and made into bags."""
