"""The parent of a worker process: protocol, deadlines, recycling, termination."""
