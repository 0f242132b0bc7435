"""When what is due: bells, calendar, slots."""
