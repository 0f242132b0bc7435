"""Browsers: discovery, contexts for each actor, certificate store, host resolution."""
