"""Time and consequences: what runs when, what came of it, and who is told."""
