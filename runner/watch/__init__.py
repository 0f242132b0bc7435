"""The service that a district leaves running: clock, planner, crew."""
