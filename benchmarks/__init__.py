"""What the claims rest on: each module prints what it measured, and asserts nothing about time."""
