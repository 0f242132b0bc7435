"""Finds the service that caused a failure, and the reasons: facts, then rules."""
