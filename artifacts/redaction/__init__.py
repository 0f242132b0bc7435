"""Redaction: secrets are removed from recordings before anything leaves the private folder of the recorder."""
