"""python -m system.followers PORT NORMAL SLOW: clients of a page, by the hundred in one process.

Normal ones follow what is pushed and ask, as a browser does, for the record and the picture of the
newest frame, and for the one after that when they have got them. Slow ones ask for a picture or for
pushes and take a byte a second. Ends with the page, and prints what was taken, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass

LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
ROWS = re.compile(rb'"rows":(\d+)')
GONE = (OSError, asyncio.IncompleteReadError)


@dataclass
class Tally:
    pushes: int = 0
    pictures: int = 0
    refused: int = 0
    cut_off: int = 0


class Newest:
    """The row that was pushed last."""

    def __init__(self) -> None:
        self.row, self.changed, self.ended = -1, asyncio.Event(), False

    def tell(self, row: int) -> None:
        self.row = row
        self.changed.set()

    def end(self) -> None:
        self.ended = True
        self.changed.set()

    async def next(self) -> int:
        await self.changed.wait()
        self.changed.clear()
        return self.row


def request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


async def listen(port: int, newest: Newest, tally: Tally) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request("/api/stream"))
    with suppress(*GONE):
        while True:
            event = await reader.readuntil(b"\n\n")
            tally.pushes += 1
            if found := ROWS.search(event):
                newest.tell(int(found[1]) - 1)
    newest.end()
    writer.close()


async def ask(port: int, newest: Newest, tally: Tally) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with suppress(*GONE):
        while (row := await newest.next()) >= 0 and not newest.ended:
            for path in (f"/api/row?row={row}", f"/api/picture?row={row}"):
                writer.write(request(path))
                head = await reader.readuntil(b"\r\n\r\n")
                length = LENGTH.search(head)
                assert length, head
                await reader.readexactly(int(length[1]))
                tally.refused += not head.startswith(b"HTTP/1.1 200")
                tally.pictures += b"octet-stream" in head
    writer.close()


async def dawdle(port: int, path: str, tally: Tally) -> None:
    """In as little room as the kernel gives."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    client.connect(("127.0.0.1", port))
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    with suppress(OSError):
        await loop.sock_sendall(client, request(path))
        while await loop.sock_recv(client, 1):
            await asyncio.sleep(1)
    tally.cut_off += 1
    client.close()


async def follow(port: int, normal: int, slow: int) -> Tally:
    tally = Tally()
    async with asyncio.TaskGroup() as group:
        followers = []
        for _ in range(normal):
            newest = Newest()
            followers.append(group.create_task(listen(port, newest, tally)))
            followers.append(group.create_task(ask(port, newest, tally)))
        paths = ("/api/picture?row=0", "/api/stream")
        slow_ones = [group.create_task(dawdle(port, paths[i % 2], tally)) for i in range(slow)]
        if followers:
            await asyncio.wait(followers)
            for task in slow_ones:
                task.cancel()
    return tally


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(follow(*map(int, sys.argv[1:]))))))
