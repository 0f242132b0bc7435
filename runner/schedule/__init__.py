"""The school's times, and the slots at which journeys are due."""
