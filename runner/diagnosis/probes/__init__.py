"""Cheap host checks from this machine, in parallel and within a time limit."""
