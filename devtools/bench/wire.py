"""One kept connection that costs the machine little: the load shares its cores with the server."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """The values of a header, its name in lower case."""
        return [value for known, value in self.headers if known == name]


class Wire:
    """Asks one thing after another; only answers that say their length are understood."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.host = parts.netloc
        self.socket = socket.create_connection((parts.hostname, parts.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def ask(self, method: str, path: str, sent: Mapping[str, str], body: bytes = b"") -> Answer:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in sent.items()]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        status = int(self.file.readline().split(b" ", 2)[1])
        headers = []
        while line := self.file.readline().decode("latin-1").rstrip():
            name, _, value = line.partition(": ")
            headers.append((name.lower(), value))
        size = int(dict(headers)["content-length"])
        return Answer(status, headers, self.file.read(size))
