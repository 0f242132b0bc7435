"""Header lines of mails: one line where the text is ASCII, else encoded words of RFC 2047."""

from __future__ import annotations

import email.policy
from email.header import Header
from email.headerregistry import AddressHeader
from typing import Any

# RFC 2047, section 2: an encoded word has at most 75 characters, a line that holds one at most 76.
ENCODED_LINE = 76


class HeaderLines(email.policy.EmailPolicy):
    """The standard library's policy, except for text that has to be encoded: that policy writes encoded words as long
    as the line, and loses spaces between them (python/cpython#85725, #92081), `email.header` does neither."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        """Returns a header to store. Text of a page that looks like an encoded word stays text: decoded, it may hold
        line ends, and so headers of its own."""
        if name.lower() == "subject" and "=?" in value:
            value = _words(value, name, "", length=0)
        return super().header_store_parse(name, value)

    def fold(self, name: str, value: Any) -> str:
        """Returns a header with its lines folded."""
        return super().fold(name, value) if self._is_plain(value) else self._encoded(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Returns a header with its lines folded, as bytes."""
        return super().fold_binary(name, value) if self._is_plain(value) else self._encoded(name, value).encode()

    def _is_plain(self, value: Any) -> bool:
        return self.utf8 or (str(value).isascii() and "=?" not in str(value))

    def _encoded(self, name: str, value: Any) -> str:
        if not isinstance(value, AddressHeader):
            return f"{name}: {_words(str(value), name, self.linesep)}{self.linesep}"
        people = [
            f"{_words(one.display_name, name, self.linesep)}{self.linesep} <{one.addr_spec}>" for one in value.addresses
        ]
        return f"{name}: {f',{self.linesep} '.join(people)}{self.linesep}"


def _words(text: str, name: str, linesep: str, length: int = ENCODED_LINE) -> str:
    return Header(text, "utf-8", maxlinelen=length, header_name=name).encode(linesep=linesep)


# Keeps a subject in one line: some mail programs show the space at a fold. RFC 5322 allows 998 characters.
LINES = HeaderLines(linesep="\r\n", max_line_length=400)
