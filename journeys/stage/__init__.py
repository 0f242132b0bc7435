"""The stage that journeys play on: actors, steps, services, and the endings of a step."""
