"""Alarms: incidents, routing of notices, their messages, delivery channels, and status for other monitors."""
