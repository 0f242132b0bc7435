"""Support for writing journeys: a template, the journey folder, static checks, the recorder."""
