"""The checks of `firstbell check`: configuration, browser, store, hosts, journeys."""
