"""Rehearsals: many synthetic people in one class at once, judged as go, no-go or no result."""
