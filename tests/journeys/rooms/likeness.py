"""Three live-class products in likeness: other words and another structure than the practice school, and each other.

/tiles     notices, an app's page, a name, a waiting room; panels that close each other, bars that hide
/lectern   a cross-origin frame; an echo test and a camera dialog after joining; plain elements as places for others
/fenster   German, in a window of its own; a devices page; people are only counted
"""

from __future__ import annotations

import http.server
import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

FOLDER = Path(__file__).parent


class _Handler(http.server.BaseHTTPRequestHandler):
    said: defaultdict[str, list[dict[str, Any]]]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if parts.path == "/hear":
            self._answer(json.dumps(self.said[query["room"]][int(query["after"]) :]), "application/json")
        elif parts.path == "/call.js":
            self._answer((FOLDER / "call.js").read_text(), "text/javascript")
        else:
            file = FOLDER / f"{parts.path.strip('/')}.html"
            self._answer(
                file.read_text().replace("{port}", self.headers["Host"].rpartition(":")[2]) if file.is_file() else "",
                "text/html",
            )

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.said[parse_qs(urlsplit(self.path).query)["room"][0]].append(said)
        self._answer("{}", "application/json")

    def _answer(self, text: str, kind: str) -> None:
        data = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serve() -> Iterator[str]:
    """Serve the three products; gives the address of their front pages. Each test has rooms of its own by name."""
    handler = type("Handler", (_Handler,), {"said": defaultdict(list)})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://rooms.localhost:{server.server_port}"
        server.shutdown()


OPTIONS: dict[str, dict[str, str]] = {
    "tiles": {
        "address": "{base}/tiles?room={{title}}",
        "dismiss_button": "Accept all",
        "browser_button": "/continue in (this|your) browser/i",
        "name_field": "Your display name",
        "join_button": "Ask to join",
        "waiting": "/let you in/i",
        "refused": "/cannot join/i",
        "requests_button": "/^People/",
        "admit_button": 'role=button[name="Admit {name}"]',
        "inside": "css=.bar.in-call",
        "people_button": "/^People/",
        "people": 'role=list[name="In the call"]',
        "chat_button": "Chat",
        "chat_field": "Send a message",
        "send_button": "Send",
        "chat_messages": "css=.bubble",
        "hand_button": "Raise hand",
        "raised_hand": "/{name} raised a hand/",
        "leave_button": "Leave",
        "leave_confirm_button": "Leave the call",
        "left": "/You left/",
        "end_menu_button": "Leave",
        "end_button": "End for everyone",
    },
    "lectern": {
        "address": "{base}/lectern?room={{title}}&name={{name}}",
        "frame": "Virtual room",
        "inside": "css=[data-part=toolbar]",
        "audio_button": "Microphone",
        "echo_button": "Yes, I hear myself",
        "camera_button": "Share webcam",
        "camera_confirm_button": "Start sharing",
        "people": "css=.user",
        "person_name": ".user-name",
        "chat_field": "/^Message to/",
        "chat_messages": "css=.line",
        "hand_button": "css=[data-part=hand]",
        "raised_hand": 'css=.user:has-text("{name}") .hand',
        "leave_button": "Log out",
        "left": "Goodbye",
        "end_button": "End meeting",
        "end_confirm_button": "Yes",
        "end_menu_button": "/^Options/",
    },
    "fenster": {
        "address": "{base}/fenster?room={{title}}",
        "open_button": "Raum betreten",
        "opens_in": "window",
        "name_field": "Dein Name",
        "camera_on_button": "Kamera einschalten",
        "join_button": "Beitreten",
        "inside": "/Im Gespräch/",
        "people_count": "css=#zahl",
        "leave_button": "Verlassen",
    },
}


def options(product: str, base: str) -> dict[str, str]:
    """The words of a product, with its address."""
    given = OPTIONS[product]
    return {**given, "address": given["address"].format(base=base)}
