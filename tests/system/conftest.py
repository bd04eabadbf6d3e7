"""Fixtures: a place to run in, decks and streams, a broker for the whole session."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from .decks import Deck, Stream, merged, sensors, write_deck
from .kafka import Kafka, NoServer, start_broker, stop_broker
from .program import BINARY, LONG, Outcome, heatstream
from .results import RunDirectory
from .secured import DECK as LOGIN_DECK
from .secured import Secured, secured_broker

collect_ignore = [] if LONG else ["test_broker_outages.py"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "kafka: needs a real Apache Kafka")


@pytest.fixture(scope="session", autouse=True)
def binary() -> Path:
    if not BINARY.exists():
        pytest.exit(f"{BINARY} is not built", returncode=1)
    return BINARY


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """Missing: a failure in CI, a skip that is named elsewhere."""
    directory = tmp_path_factory.mktemp("kafka") / "broker"
    try:
        address = start_broker(directory)
    except NoServer as reason:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(f"no Apache Kafka: {reason}")
        pytest.skip(f"NO APACHE KAFKA, THESE TESTS DID NOT RUN: {reason}")
    yield Kafka(address)
    stop_broker(directory)


@dataclass
class Bench:
    """Runs decks below one directory and remembers nothing else."""

    path: Path
    count: int = field(default=0)

    def deck(self, deck: Deck, *changes: dict[str, Any], name: str = "") -> Path:
        """Written as NAME.yaml with its output below NAME/."""
        self.count += 1
        name = name or f"deck{self.count}"
        out = {"run": {"out": str(self.path / name)}}
        return write_deck(self.path / f"{name}.yaml", merged(deck, *changes, out))

    def run(
        self, deck: Path, *arguments: str | Path, ranks: int = 2, timeout: float = 60
    ) -> RunDirectory:
        self.outcome(deck, *arguments, ranks=ranks, timeout=timeout).expect(0)
        return self.directory(deck)

    def outcome(
        self,
        deck: Path,
        *arguments: str | Path,
        ranks: int = 2,
        timeout: float = 60,
        env: dict[str, str] | None = None,
    ) -> Outcome:
        return heatstream("run", deck, *arguments, ranks=ranks, timeout=timeout, env=env)

    def directory(self, deck: Path) -> RunDirectory:
        return RunDirectory(self.path / deck.stem / "run")

    def files(self, deck: Deck, stream: Stream, *changes: dict[str, Any], name: str = "") -> Path:
        """A deck that reads the stream from files."""
        paths = stream.write(self.path, f"{name or 'events'}{self.count}")
        source = {"stream": {"source": "file", "files": paths}}
        return self.deck(deck, source, *changes, name=name)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def from_kafka(kafka: Kafka, topic: str) -> Deck:
    return {"stream": {"source": "kafka", "brokers": kafka.address, "topic": topic}}


Make = Callable[..., Path]


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with secured_broker(tmp_path_factory.mktemp("secured")) as broker:
        yield broker


@pytest.fixture(scope="session")
def login_stream() -> Stream:
    made = sensors(LOGIN_DECK, windows=12)
    made.partitions[2].insert(10, b"no event")
    return made


@pytest.fixture(scope="session")
def login_topic(secured: Secured, login_stream: Stream) -> str:
    """What alice may read, with a place for her dead letters."""
    secured.admin.create(5, name="heat")
    secured.admin.create(1, name="letters")
    secured.admin.send_stream("heat", login_stream)
    secured.grant("alice", "READ", "heat")
    secured.grant("alice", "WRITE", "letters")
    secured.grant("alice", "READ", "heatstream-heat", kind="GROUP")
    return "heat"


@pytest.fixture(scope="session")
def login_digest(login_stream: Stream, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of the same events from files."""
    bench = Bench(tmp_path_factory.mktemp("files"))
    return bench.run(bench.files(LOGIN_DECK, login_stream), ranks=1).digest
