"""Whose part of the chain broke, and why we think so: facts, then rules."""
