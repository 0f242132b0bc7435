"""Builds the running application from a configuration: objects, run-time state, alerting, process entry points."""
