"""For people who write journeys: a look at what could be wrong, a template, and recordings made into steps."""
