"""Whoever asks the page for whatever: the run goes on, and comes to what it would come to alone."""

from __future__ import annotations

import random
import socket
import time
from contextlib import suppress
from pathlib import Path

from .conftest import Bench, from_kafka
from .decks import AWKWARD, chunks_in_random_order, merged, sensors
from .hostile import Fuzzer, until_closed
from .kafka import Kafka
from .mock import mock_cluster
from .program import LONG, PATIENCE, Running, running
from .results import RunDirectory, assert_equals_oracle
from .test_page import url_of

WINDOWS, VOLLEY = 40, 500 if LONG else 50
REQUEST_S = 10  # README: a request that is not complete by then
DECK = merged(
    AWKWARD,
    {"time": {"windows": WINDOWS}, "stream": {"idle": "block"}, "log": {"every_s": 60}},
)


def rank_0(program: Running) -> Path:
    (pid,) = program.ranks()
    return Path(f"/proc/{pid}")


def connections(process: Path, port: int) -> int:
    """That the program still holds, of those that came to the port."""
    rows = [row.split() for row in (process / "net/tcp").read_text().splitlines()[1:]]
    ours = [row for row in rows if row[1].endswith(f":{port:04X}") and row[3] != "0A"]
    return sum(row[9] != "0" for row in ours)


def resident(process: Path) -> int:
    (line,) = [x for x in (process / "status").read_text().splitlines() if "VmRSS" in x]
    return int(line.split()[1]) * 1024


def send(kafka: Kafka, chunk: tuple[int, list[bytes]]) -> None:
    partition, values = chunk
    kafka.send("heat", ((partition, (None, value)) for value in values))


class Loris:
    """Connections that begin a request and never end it, a byte now and then."""

    def __init__(self, port: int, count: int) -> None:
        self.clients = []
        for i in range(count):
            since = time.monotonic()
            client = socket.create_connection(("127.0.0.1", port), 4 * REQUEST_S * PATIENCE)
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "[: 40 * (i % 2)])
            self.clients.append((client, since))

    def drip(self) -> None:
        for client, _ in self.clients[::3]:
            with suppress(OSError):
                client.send(b"x")

    def assert_cut_off(self) -> None:
        for client, since in self.clients:
            assert not until_closed(client)
            assert time.monotonic() - since > REQUEST_S - 0.5, "cut off too soon"
            client.close()


def test_hostile_requests_change_nothing_and_leak_nothing(bench: Bench) -> None:
    """The run lives on what is sent between them, and is compared with the oracle."""
    stream = sensors(DECK, WINDOWS + 5, partitions=3)
    secret = random.Random(5).randbytes(24).hex().encode()
    out = bench.path / "hostile"
    out.mkdir()
    for folder in (bench.path, out):
        (folder / "secret.txt").write_bytes(secret)
    chunks = list(chunks_in_random_order(stream, random.Random(6)))
    held = [chunk for chunk in chunks if chunk[0] == 0][-3:]  # the last windows wait for them
    with mock_cluster(1) as broker:
        broker.create("heat", 3)
        deck = bench.deck(DECK, from_kafka(broker.kafka, "heat"), name="hostile")
        with running(["run", deck, "--listen", "127.0.0.1:0"]) as program:
            url = url_of(program)
            port = int(url.split(":")[2][:-1])
            process = rank_0(program)
            memory = resident(process)
            loris = Loris(port, 30)
            fuzzer = Fuzzer(port, secret, random.Random(7))
            for chunk in chunks:
                fuzzer.volley(VOLLEY)
                loris.drip()
                if chunk not in held:
                    send(broker.kafka, chunk)
            assert set(fuzzer.codes) >= {200, 400, 403, 404, 405, 413, 414, 421, 431, 505}
            loris.assert_cut_off()
            program.until(lambda: connections(process, port) == 0, "the end of all connections")
            assert resident(process) < memory + (64 << 20)
            for chunk in held:
                send(broker.kafka, chunk)
            program.wait().expect(0)
    run = RunDirectory(out / "run")
    assert_equals_oracle(run, stream.expected(DECK, bounded=False))
    assert {path.name for path in bench.path.iterdir()} == {"secret.txt", "hostile.yaml", "hostile"}
    assert {path.name for path in out.iterdir()} == {"secret.txt", "run"}
