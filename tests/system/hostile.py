"""Requests that no browser sends, drawn from a seed, and what may be answered to any of them.

Under AddressSanitizer a folded header ends the program: libmicrohttpd 0.9.75 joins its lines by a
memcpy() to the left within its own pool, which the C library here does as memmove().
"""

from __future__ import annotations

import json
import random
import re
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from .program import PATIENCE

PATHS = ["/", "/page.js", "/healthz", "/metrics", "/api/openapi.json", "/api/run", "/api/state",
         "/api/row", "/api/series", "/api/cell", "/api/picture",
         "/api/alerts", "/api/difference"]  # fmt: skip
ASKED = ["row", "x0", "y0", "x1", "y1", "x", "y", "from", "to", "points", "stat", "of", "token"]
VALUES = [
    "0", "1", "7", "16", "17", "22", "23", "-1", "-0", "+1", "2000", "2001", "512", "1e3", "1.5",
    "0x10", "", "%00", "%", "%zz", "%31", "1%00", "NaN", "nan", "inf", "-inf", "null", "mean",
    "min", "max", "MAX", "sum", "this", "other", "difference",
    "2147483647", "2147483648", "-2147483649", "4294967296",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
    "18446744073709551616", "1" + "0" * 400, "٣", "1;2", "1,2", "../../etc/passwd", "'--", "{{7}}",
]  # fmt: skip
OUTSIDE = [
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/%2e%2e/secret.txt",
    "/....//secret.txt",
    "//etc/passwd",
    "/etc/passwd%00.js",
    "/page.js/../../secret.txt",
    "/page.js%00/../secret.txt",
    "/.%00./secret.txt",
    "\\..\\secret.txt",
    "/%c0%ae%c0%ae/secret.txt",
    "/config.yaml",
    "/frames.h5",
    "/manifest",
    "/journal",
    "file:///etc/passwd",
    "/api/../../secret.txt",
    "/api/row?row=../secret",
]
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "get",
           "G" * 300, "PROPFIND", "", "GET\0", "PRI"]  # fmt: skip
HOSTS = ["localhost", "127.0.0.1", "127.0.0.1:1", "[::1]", "evil.example", "127.0.0.1.evil.example",
         "", "a" * 5000, "localhost\0.evil.example", "localhost:99999", "\xff"]  # fmt: skip
HEADERS = [
    "Origin: http://evil.example",
    "Origin: null",
    "Origin: x",
    "Sec-Fetch-Site: cross-site",
    "Content-Length: -1",
    "Content-Length: 99999999999999999999",
    "Content-Length: 5",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: chunked, identity",
    "Expect: 100-continue",
    "Upgrade: websocket\r\nConnection: Upgrade",
    "Connection: keep-alive",
    "Connection: close",
    "Range: bytes=0-0,-1",
    "Accept-Encoding: gzip;q=99999",
    "Cookie: " + "a=b;" * 500,
    "Cookie: heatstream=",
    "Authorization: Bearer ",
    "Authorization: Basic AAAA",
    "no colon",
    ": no name",
    "X: " + "y" * 20000,
    " folded: line",
    "X:\r\n folded",
    "X-\0: nul",
    "Host: localhost",
    "X-Forwarded-For: 127.0.0.1",
    "If-None-Match: *",
    "\x01\x02: \x7f",
    "X" * 9000 + ": 1",
]
RAW = [
    b"",
    b"\r\n\r\n\r\n",
    b"\0" * 3000,
    b"GET",
    b"GET /",
    b"GET / HTTP",
    b"GET / HTTP/1.1",
    b"\r\nGET\r\n\r\n",
    b"GET / HTTP/1.1\r\n",
    b"GET  /  HTTP/1.1\r\n\r\n",
    b"GET\t/\tHTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\n\n",
    b"GET /api/state\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/99999999999.1\r\nHost: localhost\r\n\r\n",
    b"SSH-2.0-x\r\n",
    b"GET /" + b"a" * 40000,
    b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"
    + b"x" * 3000,
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 5000,
]
ALLOWED = {100, 200, 303, 400, 401, 403, 404, 405, 408, 411, 413, 414, 421, 431, 501, 503, 505}
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")


@dataclass
class Fuzzer:
    """Where to, what may never come back, and a tally of what did."""

    port: int
    secret: bytes
    rng: random.Random
    codes: dict[int, int] = field(default_factory=dict)

    def parameters(self) -> str:
        rng = self.rng
        count = rng.choice((0, 1, 2, 5, 5, 300))
        pairs = [f"{rng.choice(ASKED)}={rng.choice(VALUES)}" for _ in range(count)]
        return rng.choice(("?", "?", "?&&", "?=", "??")) + rng.choice("&&&;").join(pairs)

    def request(self) -> bytes:
        """Mostly right, so that it comes far."""
        rng = self.rng
        method = rng.choice(METHODS) if rng.random() < 0.15 else "GET"
        path = rng.choice(OUTSIDE) if rng.random() < 0.2 else rng.choice(PATHS) + self.parameters()
        host = rng.choice(HOSTS) if rng.random() < 0.15 else "127.0.0.1"
        version = rng.choice(("1.1", "1.1", "1.1", "1.0", "0.9", "2.0", "x"))
        headers = rng.sample(HEADERS, rng.choice((0, 0, 0, 1, 3)))
        lines = [f"{method} {path} HTTP/{version}", f"Host: {host}", *headers]
        body = "hello" if rng.random() < 0.1 else ""
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("utf-8", "replace")

    def mutated(self) -> bytes:
        text, rng = bytearray(self.request()), self.rng
        for _ in range(rng.randint(1, 8)):
            at = rng.randrange(len(text) + 1)
            text[at : at + rng.choice((0, 1, 5))] = rng.randbytes(rng.choice((0, 1, 1, 40)))
        return bytes(text)

    def attack(self) -> bytes:
        kinds: list[Callable[[], bytes]] = [
            self.request,
            self.request,
            self.mutated,
            lambda: self.rng.choice(RAW),
            lambda: self.rng.randbytes(self.rng.randrange(2000)),
            lambda: b"".join(self.request() for _ in range(self.rng.randint(2, 20))),
        ]
        return self.rng.choice(kinds)()

    def pieces(self, text: bytes) -> Iterator[bytes]:
        """As one, or torn anywhere."""
        while text:
            size = len(text) if self.rng.random() < 0.7 else self.rng.randint(1, len(text))
            yield text[:size]
            text = text[size:]

    def strike(self) -> tuple[bytes, socket.socket] | None:
        """One connection, which is dropped at once or has its answer waited for."""
        text = self.attack()
        client = socket.create_connection(("127.0.0.1", self.port), 20 * PATIENCE)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(ConnectionError):
            for piece in self.pieces(text):
                client.sendall(piece)
        if self.rng.random() < 0.9:
            return text, client
        if self.rng.random() < 0.5:  # a reset, whatever was about to be said
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        return None

    def volley(self, count: int) -> None:
        """So many at a time. Who asks after them and is answered knows that they were heard."""
        struck = [found for _ in range(count) if (found := self.strike())]
        for _ in range(2):
            ask_health(self.port)
        for text, client in struck:
            self.judge(text, at_hand(client))
            client.close()

    def judge(self, asked: bytes, said: bytes) -> None:
        assert self.secret not in said and b"root:x:0" not in said, asked
        assert not said or STATUS.match(said), (asked, said[:200])
        for code in map(int, STATUS.findall(said)):
            assert code in ALLOWED, (code, asked)
            self.codes[code] = self.codes.get(code, 0) + 1
        if said.count(b"HTTP/1.") == 1 and b"application/json" in said:
            head, body = said.split(b"\r\n\r\n", 1)
            length = re.search(rb"Content-Length: (\d+)", head)
            if length and len(body) == int(length[1]):
                json.loads(body)


def ask_health(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 20 * PATIENCE) as client:
        client.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert until_closed(client).endswith(b"\r\n\r\nok\n")


def at_hand(client: socket.socket) -> bytes:
    client.setblocking(False)
    return until_closed(client)


def until_closed(client: socket.socket) -> bytes:
    said = bytearray()
    with suppress(ConnectionError, BlockingIOError):
        while got := client.recv(1 << 16):
            said += got
    return bytes(said)
