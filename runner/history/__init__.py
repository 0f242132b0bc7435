"""History: runs, slots and incidents in a database."""
