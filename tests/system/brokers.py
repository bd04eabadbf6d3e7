"""Brokers that a test may hurt: one or three nodes of Apache Kafka of its own, and a proxy that
throttles and cuts what goes through it."""

from __future__ import annotations

import base64
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient  # type: ignore[attr-defined]

from .kafka import SCRIPT, VERSION, Kafka
from .program import PATIENCE

LIBS = SCRIPT.parents[2] / "build" / "broker" / VERSION / "libs"
JAVA = ("java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{LIBS}/*")
PATIENCE_S = 60 * PATIENCE


def free_port() -> int:
    """Below the range that outgoing connections take theirs from."""
    while True:
        port = random.randrange(12_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Node:
    """A broker and controller in one JVM; what it is told to store stays until the end."""

    number: int
    directory: Path
    port: int
    controller: int
    advertised: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def log4j(self) -> str:
        return f"-Dlog4j.configuration=file:{self.directory / 'log4j.properties'}"

    def configure(self, voters: str, cluster_id: str, settings: Sequence[str]) -> None:
        copies = 1 + voters.count(",")
        lines = [
            "process.roles=broker,controller",
            f"node.id={self.number}",
            f"controller.quorum.voters={voters}",
            f"listeners=PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller}",
            f"advertised.listeners=PLAINTEXT://127.0.0.1:{self.advertised}",
            "controller.listener.names=CONTROLLER",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name=PLAINTEXT",
            f"log.dirs={self.directory / 'data'}",
            "auto.create.topics.enable=false",
            "offsets.topic.num.partitions=1",
            f"offsets.topic.replication.factor={copies}",
            f"transaction.state.log.replication.factor={copies}",
            "transaction.state.log.min.isr=1",
            "group.initial.rebalance.delay.ms=0",
            *settings,
        ]
        self.directory.mkdir(parents=True)
        (self.directory / "server.properties").write_text("\n".join(lines) + "\n")
        (self.directory / "log4j.properties").write_text(
            "log4j.rootLogger=WARN, stdout\n"
            "log4j.appender.stdout=org.apache.log4j.ConsoleAppender\n"
            "log4j.appender.stdout.layout=org.apache.log4j.PatternLayout\n"
        )
        command = [*JAVA, self.log4j, "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c"]
        subprocess.run(
            [*command, self.directory / "server.properties"],
            check=True,
            capture_output=True,
            timeout=PATIENCE_S,
        )

    def start(self) -> None:
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*JAVA, self.log4j, "kafka.Kafka", str(self.directory / "server.properties")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def signal(self, number: signal.Signals) -> None:
        assert self.process
        self.process.send_signal(number)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait(PATIENCE_S)
        self.process = None


@dataclass
class Brokers:
    nodes: list[Node]

    @property
    def address(self) -> str:
        return ",".join(f"127.0.0.1:{node.advertised}" for node in self.nodes)

    @property
    def kafka(self) -> Kafka:
        return Kafka(",".join(f"127.0.0.1:{node.port}" for node in self.nodes), len(self.nodes))

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        self.await_all()

    def await_all(self) -> None:
        """Every node that has been started is known to be there."""
        wanted = {node.number for node in self.nodes if node.process}
        admin = AdminClient({"bootstrap.servers": self.kafka.address, "log_level": 0})
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with suppress(KafkaException):
                if set(admin.list_topics(timeout=2).brokers) == wanted:
                    return
            assert time.monotonic() < deadline, f"not all of {wanted} are there"


@contextmanager
def brokers(
    directory: Path, count: int = 1, advertised: int | None = None, settings: Sequence[str] = ()
) -> Iterator[Brokers]:
    """Not started yet. `advertised`: the port that clients are told, of a proxy."""
    subprocess.run([SCRIPT, "jars", "--version", VERSION], check=True, timeout=400)
    cluster_id = base64.urlsafe_b64encode(b"A" + os.urandom(15)).decode().rstrip("=")
    nodes = []
    for number in range(1, count + 1):
        port = free_port()
        place = directory / f"node{number}"
        nodes.append(Node(number, place, port, free_port(), advertised or port))
    voters = ",".join(f"{n.number}@127.0.0.1:{n.controller}" for n in nodes)
    for node in nodes:
        node.configure(voters, cluster_id, settings)
    try:
        yield Brokers(nodes)
    finally:
        for node in nodes:
            node.kill()
        shutil.rmtree(directory, ignore_errors=True)


class Proxy:
    """Forwards connections to `target`; what the broker says may be slow, or cut amid an answer."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.target = 0
        self.bytes_per_s: float | None = None
        self.cuts = 0
        self._left = -1  # bytes of the broker's before the next cut
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_after(self, size: int) -> None:
        """Breaks the connection that brings the next so many bytes in the middle of them."""
        with self._lock:
            self._left = size

    def close(self) -> None:
        self.listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self.target))
                except OSError:
                    client.close()
                    continue
                for way in ((client, server, False), (server, client, True)):
                    threading.Thread(target=self._forward, args=way, daemon=True).start()

    def _allowed(self, data: bytes) -> bytes | None:
        """What may still pass, None when all of it may."""
        with self._lock:
            if self._left < 0 or self._left > len(data):
                self._left -= len(data) if self._left > 0 else 0
                return None
            passed, self._left = data[: self._left], -1
            self.cuts += 1
            return passed

    def _forward(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with ExitStack() as stack, suppress(OSError):
            for end in (source, sink):
                stack.callback(end.close)
                stack.callback(lambda s=end: _shut(s))
            while data := source.recv(16_384):
                last = self._allowed(data) if answers else None
                sink.sendall(data if last is None else last)
                if last is not None:
                    return
                if answers and self.bytes_per_s:
                    time.sleep(len(data) / self.bytes_per_s)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
