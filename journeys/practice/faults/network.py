"""What goes wrong on the way to the district: names, connections, certificates, speed."""

from journeys.practice.faults.fault import Fault

NETWORK = (
    Fault(
        name="portal-unreachable",
        service="edge",
        cause="refused",
        seen="The district's front page cannot be reached at all.",
    ),
    Fault(
        name="portal-no-answer",
        service="edge",
        cause="no-answer",
        seen="The district's front page loads and loads, and never comes.",
    ),
    Fault(
        name="portal-cut",
        service="edge",
        cause="cut",
        seen='The browser says "The connection was reset" instead of the front page.',
    ),
    Fault(
        name="portal-half-pages",
        service="edge",
        cause="cut",
        seen="The front page stops coming half-way.",
    ),
    Fault(
        name="portal-name-gone",
        service="edge",
        cause="name-gone",
        seen="The browser says that it cannot find the district's front page.",
        needs="names",
    ),
    Fault(
        name="portal-certificate-expired",
        service="edge",
        cause="certificate-expired",
        seen='"Your connection is not private": the certificate has expired.',
        needs="tls",
    ),
    Fault(
        name="portal-certificate-name",
        service="edge",
        cause="certificate-name",
        seen='"Your connection is not private": the certificate is for another name.',
        needs="tls",
    ),
    Fault(
        name="portal-certificate-untrusted",
        service="edge",
        cause="certificate-untrusted",
        seen='"Your connection is not private": nobody knows who issued the certificate.',
        needs="tls",
    ),
    Fault(
        name="captive-portal",
        service="edge",
        cause="captive-portal",
        seen='Instead of the front page comes "Guest Wi-Fi", which wants a log-in.',
    ),
    Fault(name="slow", service="edge", cause="slow", seen="Every page of the portal takes 15 seconds and more."),
    Fault(
        name="outside-dropped",
        service="edge",
        cause="outside-dropped",
        seen="At school all is well; at home the front page loads and loads, and never comes.",
    ),
    Fault(
        name="outside-offline",
        service="",
        cause="own-network",
        seen="At home nothing on the internet can be reached.",
    ),
    Fault(
        name="no-names",
        service="",
        cause="own-names",
        seen="From here no name at all is found.",
        needs="names",
    ),
)
