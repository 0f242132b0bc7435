"""Plays journeys: resident worker, supervisor with deadlines, accounts, browsers, and the run that results."""
