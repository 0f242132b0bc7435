"""boto3's session whose requests, also those for credentials (STS, SSO), go the way of all our own HTTP.

botocore itself reads other variables (no ALL_PROXY, no network in NO_PROXY), trusts another list than the system's, and
knows no `[network]`. A handler of its public event `before-send` answers each request, with its address at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast
from urllib.parse import urlsplit

import boto3
import botocore.session
import urllib3
from botocore import exceptions as failures
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from firstbell.artifacts.stores import StoreError
from firstbell.web_access import BadWebAccess, WebAccess

# boto3's defaults are 60 s each; no result waits for the store, but the next delivery does.
CONNECT_S, READ_S = 5, 20


class WebSender:
    """Sends prepared requests by a way out of this machine, and keeps the connections."""

    def __init__(self, web: WebAccess) -> None:
        self._web = web
        self._pools: dict[tuple[str, str, str], urllib3.PoolManager] = {}

    def __call__(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """Returns the answer. Raises botocore's exceptions, which its retries know, or StoreError for a bad way."""
        url = str(request.url)
        try:
            pool, target = self._pool(url).connection_from_url(url), _target(url, self._web)
            answer = pool.urlopen(
                str(request.method),
                target,
                body=cast("bytes", request.body),
                headers=cast("Mapping[str, str]", request.headers),
                retries=False,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=False,
            )
        except BadWebAccess as error:
            raise StoreError(str(error), permanent=True) from None
        except urllib3.exceptions.SSLError as error:
            raise failures.SSLError(endpoint_url=url, error=error) from None
        except urllib3.exceptions.ProxyError as error:
            raise failures.ProxyConnectionError(proxy_url=self._web.way_of(url), error=error) from None
        except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.LocationParseError) as error:
            raise failures.EndpointConnectionError(endpoint_url=url, error=error) from None
        except urllib3.exceptions.ConnectTimeoutError as error:
            raise failures.ConnectTimeoutError(endpoint_url=url, error=error) from None
        except urllib3.exceptions.ReadTimeoutError as error:
            raise failures.ReadTimeoutError(endpoint_url=url, error=error) from None
        except urllib3.exceptions.HTTPError as error:
            raise failures.ConnectionClosedError(endpoint_url=url, error=error, request=request) from None
        return AWSResponse(url, answer.status, cast("HTTPHeaders", answer.headers), answer)

    def _pool(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        key = (parts.scheme, parts.netloc, self._web.proxy_of(url)[0])
        if key not in self._pools:
            self._pools[key] = self._web.pool(url, urllib3.Timeout(connect=CONNECT_S, read=READ_S))
        return self._pools[key]


def open_session(web: WebAccess) -> tuple[boto3.Session, WebAccess]:
    """Returns a session that goes a way, and that way with the file of `AWS_CA_BUNDLE` if there is one, which is then
    trusted instead of the system's."""
    core = botocore.session.Session()
    way = replace(web, only_ca=core.get_config_variable("ca_bundle") or "")
    core.register("before-send", cast("Any", WebSender(way)))
    return boto3.Session(botocore_session=core), way


def _target(url: str, web: WebAccess) -> str:
    """Returns what the request line names: plain HTTP by a proxy has the whole address. Never normalised, for its
    signature covers it."""
    parts = urlsplit(url)
    if parts.scheme == "http" and web.proxy_of(url)[0]:
        return url
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
