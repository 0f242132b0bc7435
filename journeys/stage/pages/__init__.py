"""Signs, state and bot walls of the page on which a step fails."""
