"""Support for people who write journeys: a template, the journey folder, the recorder."""
