"""python -m system.followers PORT NORMAL SLOW: clients of a page, by the hundred in one process.

Normal ones follow what is pushed and ask, as a browser does, for the record and the picture of the
newest frame, and for the one after that when they have got them. Slow ones ask for a picture or for
pushes and take a byte a second. Prints a line when the normal ones are there, another when all of
them have had a push and one a picture, ends with the page, and prints what was taken, as JSON.
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
    listeners: int = 0
    refused: int = 0
    cut_off: int = 0


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Newest:
    """The row that was pushed last; None: there will be no other."""

    def __init__(self) -> None:
        self.row: int | None = None
        self.changed = asyncio.Event()

    def tell(self, row: int | None) -> None:
        self.row = row
        self.changed.set()

    async def next(self) -> int | None:
        await self.changed.wait()
        self.changed.clear()
        return self.row


def request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


async def listen(connection: Connection, newest: Newest, tally: Tally) -> None:
    """To what was asked for before."""
    reader, writer = connection
    with suppress(*GONE):
        event = await reader.readuntil(b"\n\n")
        tally.listeners += 1
        while True:
            tally.pushes += 1
            if (found := ROWS.search(event)) and found[1] != b"0":
                newest.tell(int(found[1]) - 1)
            event = await reader.readuntil(b"\n\n")
    newest.tell(None)
    writer.close()


async def ask(connection: Connection, newest: Newest, tally: Tally) -> None:
    reader, writer = connection
    with suppress(*GONE):
        while (row := await newest.next()) is not None:
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


async def announce(tally: Tally, normal: int) -> None:
    while tally.listeners < normal or not tally.pictures:
        await asyncio.sleep(0.02)
    print("taken", flush=True)


async def follow(port: int, normal: int, slow: int) -> Tally:
    tally = Tally()
    async with asyncio.TaskGroup() as group:
        there = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2 * normal)]
        for _, writer in there[::2]:
            writer.write(request("/api/stream"))
        print("there", flush=True)
        followers = []
        for one, other in zip(there[::2], there[1::2], strict=True):
            newest = Newest()
            followers.append(group.create_task(listen(one, newest, tally)))
            followers.append(group.create_task(ask(other, newest, tally)))
        paths = ("/api/picture?row=0", "/api/stream")
        slow_ones = [group.create_task(dawdle(port, paths[i % 2], tally)) for i in range(slow)]
        if followers:
            slow_ones.append(group.create_task(announce(tally, normal)))
            await asyncio.wait(followers)
            for task in slow_ones:
                task.cancel()
    return tally


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(follow(*map(int, sys.argv[1:]))))))
