"""Runs in history: writing, reading, daily figures, retention."""
