"""Words of notices: times, what is broken, and what a notice says of it."""
