"""Reads firstbell.toml, checks all of it, and reports each mistake with its line and column."""
