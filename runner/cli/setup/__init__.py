"""Commands that set up First Bell."""
