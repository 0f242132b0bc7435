"""One run: its model, its execution, its diagnosis, and run.json."""
