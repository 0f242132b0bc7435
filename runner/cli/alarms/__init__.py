"""Commands for incidents, silences and alarms."""
