"""The practice school's web services: portal, sign-in, learning platform, live class, plan B, and their control."""
