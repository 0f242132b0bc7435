"""Synthetic students and teachers that join a live class before the real ones do."""
