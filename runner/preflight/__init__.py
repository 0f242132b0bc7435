"""The checks of `firstbell check`: configuration, journeys, secrets, store, history, channels, browser, host names."""
