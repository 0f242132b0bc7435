"""Learning platforms, one file each; a district names its own by `kind` in [services.platform]."""

PLATFORMS = {
    "link-list": "firstbell.journeys.platforms.link_list:LinkListPlatform",
    "lti": "firstbell.journeys.platforms.link_list:LtiPlatform",
    "portal": "firstbell.journeys.platforms.link_list:PortalPlatform",
    "practice": "firstbell.journeys.platforms.practice:PracticePlatform",
}
