"""Slots in history: planning, claims, and locks on accounts."""
