"""The way of our own HTTP out of this machine: directly or by a web proxy, and the authorities that it trusts."""

from __future__ import annotations

import ipaddress
import os
import ssl
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from firstbell.errors import CONFIG, FirstBellError

if TYPE_CHECKING:
    import urllib3

# As requests and curl; OpenSSL itself reads SSL_CERT_FILE and SSL_CERT_DIR.
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
ONLY_BUNDLE = "AWS_CA_BUNDLE"
PROXY_SCHEMES = ("http", "https")


class BadWebAccess(FirstBellError):
    """A proxy or a file of authorities cannot be used. The message names its key or variable, and no password."""

    exit_code = CONFIG


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAccess:
    """The configured way. An empty `proxy` leaves it to the environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY); NO_PROXY
    holds for both. `ca` is a PEM file that is trusted besides the system's and REQUESTS_CA_BUNDLE; `only_ca` is one
    that is trusted instead of these."""

    proxy: str = ""
    ca: str = ""
    only_ca: str = ""

    def proxy_of(self, url: str) -> tuple[str, str]:
        """Returns the proxy for an address and the key or variable that names it; both are empty if it goes directly.
        This machine itself is never reached by the configured proxy."""
        target, given = urlsplit(url), urllib.request.getproxies()
        if _goes_directly(target, given.get("no", "")):
            return "", ""
        if self.proxy:
            return ("", "") if _is_loopback(target.hostname or "") else (self.proxy, "network.proxy")
        name = target.scheme if given.get(target.scheme) else "all"
        proxy = given.get(name, "")
        return (proxy if "://" in proxy else f"http://{proxy}", f"{name.upper()}_PROXY") if proxy else ("", "")

    def way_of(self, url: str) -> str:
        """Returns the way to an address in words. Raises BadWebAccess."""
        proxy, source = self.proxy_of(url)
        return f"by the proxy {_host_and_port(_checked(proxy, source))} ({source})" if proxy else "directly"

    def pool(self, url: str, timeout: urllib3.Timeout) -> urllib3.PoolManager:
        """Returns a pool of connections for one address, without retries. Raises BadWebAccess."""
        import urllib3  # noqa: PLC0415  # `status` knows the way and takes none

        context = self._context()
        proxy, source = self.proxy_of(url)
        if not proxy:
            return urllib3.PoolManager(retries=False, timeout=timeout, ssl_context=context)
        parts = _checked(proxy, source)
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
        return urllib3.ProxyManager(
            f"{parts.scheme}://{_host_and_port(parts)}",
            proxy_headers=urllib3.make_headers(proxy_basic_auth=user),
            proxy_ssl_context=context,
            retries=False,
            timeout=timeout,
            ssl_context=context,
        )

    def _context(self) -> ssl.SSLContext:
        name = next((name for name in BUNDLES if os.environ.get(name)), "")
        named = (ONLY_BUNDLE, self.only_ca) if self.only_ca else (name, os.environ.get(name, ""))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if self.only_ca else ssl.create_default_context()
        for source, file in (named, ("network.ca", self.ca)):
            if not file:
                continue
            try:
                is_folder = Path(file).is_dir()
                context.load_verify_locations(cafile=None if is_folder else file, capath=file if is_folder else None)
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or "it holds no certificate"
                raise BadWebAccess(f"{source}: {file} cannot be read ({reason}); give a PEM file") from None
        return context


def _goes_directly(target: SplitResult, no_proxy: str) -> bool:
    """True if NO_PROXY names the host: by name, suffix, port or, as curl and requests allow, a network."""
    entries = [entry.strip() for entry in no_proxy.split(",") if entry.strip()]
    if not entries or not target.hostname:
        return False
    with suppress(ValueError):
        address = ipaddress.ip_address(target.hostname)
        for entry in entries:
            with suppress(ValueError):
                if address in ipaddress.ip_network(entry, strict=False):
                    return True
    listed = {"no": ",".join("*" if entry == "*" else entry.removeprefix("*") for entry in entries)}
    host = target.hostname if target.port is None else f"{target.hostname}:{target.port}"
    return "*" in entries or bool(urllib.request.proxy_bypass_environment(host, listed))  # type: ignore[attr-defined]


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")


def _checked(proxy: str, source: str) -> SplitResult:
    parts = urlsplit(proxy)
    with suppress(ValueError):
        if parts.scheme in PROXY_SCHEMES and parts.hostname and parts.port != 0:
            return parts
    raise BadWebAccess(f"{source} is not the address of a web proxy; give one such as http://proxy.school.example:8080")


def _host_and_port(parts: SplitResult) -> str:
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port}" if parts.port else str(host)
