"""The pytest plugin: fixtures, marker, browser choice, failure report, redaction of reports."""
