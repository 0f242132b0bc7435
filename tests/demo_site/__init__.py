"""A district's library on the web, to write journeys against: it is not the practice school, and shares nothing with it."""
