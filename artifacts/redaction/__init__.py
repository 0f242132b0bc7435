"""Taking secrets out of what was recorded, before anything leaves the private folder that it was recorded into."""
