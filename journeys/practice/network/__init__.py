"""The practice school's network: gates, links, names, certificates, a forward proxy and a TURN relay."""
