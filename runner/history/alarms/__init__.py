"""Alarms in history: incidents, notices, outbox, silences, heartbeats, status."""
