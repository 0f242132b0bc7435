"""Retention of old rows in history: what is deleted when, and only by a clock that was seen to be right."""
