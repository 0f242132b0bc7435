"""Learning platforms, one file each; a district names its own by `kind` in [services.platform]."""

PLATFORMS = {
    "practice": "firstbell.journeys.platforms.practice:PracticePlatform",
}
