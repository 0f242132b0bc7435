"""The worker process: one resident pytest session that collects once and plays attempts."""
