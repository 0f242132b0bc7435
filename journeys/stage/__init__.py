"""The stage that journeys play on: people, steps, services, and the ways a step can end."""
