"""Secured brokers: every way to log in, every refusal in its own words, no secret left anywhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .conftest import Bench
from .decks import AWKWARD, Deck, Stream, merged, sensors
from .program import Outcome, command_of, heatstream, running
from .secured import Secured, secured_broker, token
from .test_errors import assert_one_message

pytestmark = pytest.mark.kafka
DECK = merged(AWKWARD, {"checkpoint": {"every_windows": 5}, "stream": {"topic": "heat"}})
BOUND_S = 15


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with secured_broker(tmp_path_factory.mktemp("secured")) as broker:
        yield broker


@pytest.fixture(scope="module")
def stream() -> Stream:
    made = sensors(DECK, windows=12)
    made.partitions[2].insert(10, b"no event")
    return made


@pytest.fixture(scope="module")
def topic(secured: Secured, stream: Stream) -> str:
    """What alice may read, with a place for her dead letters."""
    secured.admin.create(5, name="heat")
    secured.admin.create(1, name="letters")
    secured.admin.send_stream("heat", stream)
    secured.grant("alice", "READ", "heat")
    secured.grant("alice", "WRITE", "letters")
    secured.grant("alice", "READ", "heatstream-heat", kind="GROUP")
    return "heat"


@dataclass
class Login:
    """How to log in: properties of the deck, environment, options; and what nobody may find."""

    listener: str
    deck: Deck
    secrets: list[str]
    env: dict[str, str]
    options: list[str]


def private(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def logged_in(secured: Secured, place: Path, way: str) -> Login:
    """As the README recommends: secrets in files, in the environment, or from a command."""
    tls, passwords = secured.certificates.path, secured.passwords
    place.mkdir(exist_ok=True)
    login = Login("TLS", {}, [], {}, [])
    properties = {"ssl.ca.location": str(tls / "ca.crt"), "security.protocol": "sasl_ssl"}
    more: dict[str, Any] = {}
    if way == "certificate":
        key_file = private(place / "key-password", passwords.key + "\n")
        properties |= {
            "security.protocol": "ssl",
            "ssl.certificate.location": str(tls / "alice.crt"),
            "ssl.key.location": str(tls / "alice-locked.key"),
            "ssl.key.password": f"${{file:{key_file}}}",
        }
        login.secrets = [passwords.key]
    elif way.startswith("token"):
        login.listener = "OAUTH"
        properties |= {"sasl.mechanism": "OAUTHBEARER"}
        login.secrets = [token("alice")]
        token_file = private(place / "token", login.secrets[0] + "\n")
        if way == "token-file":
            more = {"oauth_token_file": str(token_file)}
        else:
            login.env = {"HEATSTREAM_STREAM_OAUTH_TOKEN_COMMAND": f"cat '{token_file}'"}
    else:
        password = passwords.plain if way == "PLAIN" else passwords.scram
        login.listener = way.split("-")[0]
        login.secrets = [password]
        properties |= {"sasl.mechanism": way, "sasl.username": "alice"}
        if way == "PLAIN":
            properties["sasl.password"] = "${HEAT_PASSWORD}"
            login.env = {"HEAT_PASSWORD": password}
        elif way == "SCRAM-SHA-256":
            properties["sasl.password"] = f"${{file:{private(place / 'password', password)}}}"
        else:
            conf = private(place / "kafka.conf", f"# as kcat\nsasl.password={password}\n")
            login.options = ["-F", str(conf)]
    address = secured.address(login.listener)
    login.deck = {"stream": {"source": "kafka", "brokers": address, "rdkafka": properties} | more}
    return login


WAYS = ["certificate", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "token-file", "token-command"]


def holders(secrets: list[str], place: Path) -> list[Path]:
    """Files that hold one of the secrets; those it was put into on purpose lie elsewhere."""
    files = [path for path in place.rglob("*") if path.is_file()]
    assert files
    return [f for f in files if any(s.encode() in f.read_bytes() for s in secrets)]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_log_in_gives_the_same_bits_and_leaves_no_secret(
    bench: Bench, secured: Secured, topic: str, stream: Stream, tmp_path: Path, way: str
) -> None:
    expected = bench.run(bench.files(DECK, stream), ranks=1).digest
    login = logged_in(secured, tmp_path.parent / f"{tmp_path.name}-secrets", way)
    deck = bench.deck(DECK, login.deck, {"stream": {"dead_letter_topic": "letters"}})
    seen: list[str] = []
    arguments = ["run", deck, "--until", "end", "-v", *login.options]
    with running(arguments, ranks=2, env=login.env) as program:
        while program.process.poll() is None:
            seen += [word for pid in program.ranks() for word in command_of(pid)]
            time.sleep(0.01)
        outcome = program.wait(5).expect(0)
    assert bench.directory(deck).digest == expected
    assert "--until" in seen
    for secret in login.secrets:
        assert secret not in outcome.text
        assert not any(secret in word for word in seen)
    assert holders(login.secrets, bench.path) == []


def test_gen_record_and_temperatures_log_in_too(
    bench: Bench, secured: Secured, tmp_path: Path
) -> None:
    login = logged_in(secured, tmp_path.parent / f"{tmp_path.name}-secrets", "SCRAM-SHA-512")
    for name, operation in (("made", "WRITE"), ("made", "READ"), ("warm", "WRITE")):
        secured.grant("alice", operation, name)
    for name in ("made", "warm"):
        secured.grant("alice", "CREATE", name)
    deck = bench.deck(
        DECK,
        login.deck,
        {"stream": {"topic": "made"}, "gen": {"steps": 5}, "output": {"temp_topic": "warm"}},
    )

    def done(*arguments: str | Path, ranks: int = 0) -> Outcome:
        options = [*arguments, *login.options]
        return heatstream(*options, ranks=ranks, env=login.env).expect(0)

    log = bench.path / "made.hsl"
    texts = done("gen", deck).text
    texts += done("record", deck, "--until", "end", "--out", log).text
    texts += done("run", deck, "--until", "end", "-D", "time.t0=auto", ranks=1).text
    assert log.stat().st_mode & 0o777 == 0o600
    assert secured.admin.messages("warm", 1)
    assert not any(secret in texts for secret in login.secrets)
    assert holders(login.secrets, bench.path) == []


def plain(secured: Secured, **changes: str) -> dict[str, str]:
    properties = {
        "ssl.ca.location": str(secured.certificates.path / "ca.crt"),
        "security.protocol": "sasl_ssl",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "alice",
        "sasl.password": secured.passwords.plain,
    } | {key.replace("_", "."): value for key, value in changes.items()}
    return {key: value for key, value in properties.items() if value}


def refused(
    bench: Bench, secured: Secured, listener: str, properties: dict[str, str], **more: Any
) -> Outcome:
    """A recording that is turned away: the same client as a run's, without MPI."""
    source = {"source": "kafka", "brokers": secured.address(listener), "rdkafka": properties}
    deck = bench.deck(DECK, {"stream": source | more})
    log = bench.path / "refused.hsl"
    outcome = heatstream("record", deck, "--until", "end", "--out", log, ranks=0)
    assert not log.exists()
    assert outcome.seconds < BOUND_S
    for secret in secured.passwords.all():
        assert secret not in outcome.text
    return outcome


def certificate(secured: Secured, name: str) -> dict[str, str]:
    tls = secured.certificates.path
    return {
        "ssl.ca.location": str(tls / "ca.crt"),
        "security.protocol": "ssl",
        "ssl.certificate.location": str(tls / f"{name}.crt"),
        "ssl.key.location": str(tls / f"{name}.key"),
    }


WRONG = {
    "password": ("PLAIN", {"sasl_password": "hunter2"}, ["user alice (SASL PLAIN)", "password"]),
    "user": ("PLAIN", {"sasl_username": "nobody"}, ["user nobody (SASL PLAIN)", "sasl.username"]),
    "scram password": (
        "SCRAM",
        {"sasl_mechanism": "SCRAM-SHA-512", "sasl_password": "hunter2"},
        ["user alice (SASL SCRAM-SHA-512)", "sasl.password"],
    ),
    "mechanism": (
        "PLAIN",
        {"sasl_mechanism": "SCRAM-SHA-256"},
        ["SCRAM-SHA-256", "supported mechanisms: PLAIN", "sasl.mechanism"],
    ),
    "expired certificate": ("EXPIRED", {}, ["certificate", "has expired"]),
    "host": ("ELSEWHERE", {}, ["certificate", "made out to another name than localhost"]),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_and_77(
    bench: Bench, secured: Secured, topic: str, what: str
) -> None:
    listener, changes, words = WRONG[what]
    outcome = refused(bench, secured, listener, plain(secured, **changes))
    assert_one_message(outcome, 77, [secured.address(listener), *words])
    assert "hunter2" not in outcome.text


def test_an_authority_nobody_knows_is_77(bench: Bench, secured: Secured, topic: str) -> None:
    for ca in (str(secured.certificates.path / "stranger.crt"), ""):
        outcome = refused(bench, secured, "PLAIN", plain(secured, ssl_ca_location=ca))
        assert_one_message(outcome, 77, ["certificate", "authority", "ssl.ca.location"])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", ["a client without a certificate", "ssl.certificate.location"]),
        ("alice-expired", ["alice-expired.crt", "certificate"]),
        ("alice-strange", ["alice-strange.crt", "certificate"]),
    ],
)
def test_a_client_certificate_that_is_not_accepted_is_77(
    bench: Bench, secured: Secured, topic: str, name: str, words: list[str]
) -> None:
    properties = certificate(secured, name or "alice")
    if not name:
        del properties["ssl.certificate.location"], properties["ssl.key.location"]
    outcome = refused(bench, secured, "TLS", properties)
    assert_one_message(outcome, 77, [secured.address("TLS"), *words])


def test_talking_plainly_to_a_secured_listener_is_69_with_the_likely_cause(
    bench: Bench, secured: Secured
) -> None:
    outcome = refused(bench, secured, "PLAIN", {"socket.connection.setup.timeout.ms": "6000"})
    assert_one_message(outcome, 69, [secured.address("PLAIN"), "security.protocol"])


def bearer(secured: Secured) -> dict[str, str]:
    return plain(secured, sasl_mechanism="OAUTHBEARER", sasl_username="", sasl_password="")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (token("alice", -60), ["alice", "expired", "s ago"]),
        ("", ["is empty"]),
        ("two words", ["a token"]),
        ("x" * 70_000, ["65536"]),
        (None, ["No such file"]),
    ],
    ids=["expired", "empty", "words", "huge", "missing"],
)
def test_a_token_that_is_none_is_77_and_names_the_file(
    bench: Bench, secured: Secured, text: str | None, words: list[str]
) -> None:
    if text is not None:
        private(bench.path / "token", text)
    outcome = refused(bench, secured, "OAUTH", bearer(secured), oauth_token_file="token")
    assert_one_message(outcome, 77, [str(bench.path / "token"), *words])
    assert not text or text not in outcome.text


def test_a_token_the_broker_does_not_take_is_77(bench: Bench, secured: Secured) -> None:
    private(bench.path / "token", "opaque-token-of-nobody")
    outcome = refused(bench, secured, "OAUTH", bearer(secured), oauth_token_file="token")
    assert_one_message(outcome, 77, [secured.address("OAUTH"), "OAUTHBEARER"])
    assert "opaque-token" not in outcome.text
