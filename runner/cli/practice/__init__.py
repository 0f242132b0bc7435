"""Commands for the practice school, the demo and the drill."""
