"""Real products that First Bell's authors did not write, each started by one class, and journeys through them."""
