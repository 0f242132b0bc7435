"""The service that a district leaves running: clock, planner, workers for slots, and upkeep of alarms."""
