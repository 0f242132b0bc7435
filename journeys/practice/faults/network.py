"""What goes wrong on the way to the district: names, connections, certificates, speed."""

from journeys.practice.faults.fault import Fault

NETWORK = (
    Fault(
        name="portal-unreachable",
        service="edge",
        cause="refused",
        seen="The district's front page cannot be reached at all.",
    ),
    Fault(name="slow", service="edge", cause="slow", seen="Every page takes 15 seconds and more."),
)
