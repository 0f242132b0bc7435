"""The database tables of history."""
