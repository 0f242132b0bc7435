"""A district's library on the web, to write journeys against; it shares nothing with the practice school."""
