"""Commands for evidence and its store."""
