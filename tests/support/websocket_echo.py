"""A minimal WebSocket for sites of tests: it sends one message back (RFC 6455)."""

from __future__ import annotations

import base64
import hashlib
from contextlib import suppress
from http.server import BaseHTTPRequestHandler

ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def echo_one_message(request: BaseHTTPRequestHandler) -> None:
    """Answers the handshake, receives one message of at most 65,535 bytes, sends it back, and waits for the end."""
    key = request.headers["Sec-WebSocket-Key"] + ACCEPT
    request.send_response_only(101)
    request.send_header("Upgrade", "websocket")
    request.send_header("Connection", "Upgrade")
    accept = base64.b64encode(hashlib.sha1(key.encode(), usedforsecurity=False).digest()).decode()
    request.send_header("Sec-WebSocket-Accept", accept)
    request.end_headers()
    first = request.rfile.read(2)[1] & 0x7F
    length = int.from_bytes(request.rfile.read(2), "big") if first == 126 else first
    mask = request.rfile.read(4)
    data = bytes(byte ^ mask[at % 4] for at, byte in enumerate(request.rfile.read(length)))
    size = bytes([length]) if length < 126 else bytes([126, *length.to_bytes(2, "big")])
    request.wfile.write(b"\x81" + size + data)
    with suppress(OSError):
        request.rfile.read(1)
    request.close_connection = True
