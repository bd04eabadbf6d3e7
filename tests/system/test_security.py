"""Secured brokers: every way to log in, every refusal in its own words, no secret left anywhere."""

from __future__ import annotations

import ctypes
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import Bench
from .decks import AWKWARD, Deck, Stream, merged, sensors
from .kafka import VERSION
from .program import Outcome, command_of, heatstream, running
from .secured import Secured, secured_broker, token
from .test_errors import assert_one_message

pytestmark = pytest.mark.kafka
DECK = merged(AWKWARD, {"checkpoint": {"every_windows": 5}, "stream": {"topic": "heat"}})
BOUND_S = 15
TESTS = Path(__file__).resolve().parents[1]


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

    deck: Deck
    secrets: list[str]
    env: dict[str, str]
    options: list[str]


def private(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def recommended(place: Path) -> dict[str, Deck]:
    """The decks of the README, with what belongs to them in `place`."""
    text = (TESTS.parent / "README.md").read_text()
    section = text.split("## Secured brokers\n")[1].split("\n## ")[0]
    decks: dict[str, Deck] = {}
    for block in re.findall(r"```yaml\n(.*?)```", section, re.DOTALL):
        deck = yaml.safe_load(block.replace("/etc/heatstream", str(place)))
        decks[deck["stream"]["rdkafka"].get("sasl.mechanism", "certificate")] = deck
    return decks


def furnish(secured: Secured, place: Path) -> dict[str, list[str]]:
    """Puts there what the decks of the README name, and tells the secrets of each of them."""
    tls, passwords = secured.certificates.path, secured.passwords
    bearer_token = token("alice")
    for name in ("ca.crt", "alice.crt"):
        (place / name).write_bytes((tls / name).read_bytes())
    private(place / "alice.key", (tls / "alice-locked.key").read_text())
    private(place / "password", passwords.scram + "\n")
    private(place / "token", bearer_token + "\n")
    return {
        "certificate": [passwords.key],
        "PLAIN": [passwords.plain],
        "SCRAM-SHA-512": [passwords.scram],
        "OAUTHBEARER": [bearer_token],
    }


def logged_in(secured: Secured, place: Path, way: str) -> Login:
    place.mkdir(exist_ok=True)
    secrets = furnish(secured, place)
    base = {"-F": "SCRAM-SHA-512", "command": "OAUTHBEARER"}.get(way, way)
    listener = {"certificate": "TLS", "OAUTHBEARER": "OAUTH"}.get(base, base.split("-")[0])
    deck = recommended(place)[base]
    deck["stream"] |= {"source": "kafka", "brokers": secured.address(listener)}
    env = {"HEAT_PASSWORD": secured.passwords.plain, "HEAT_KEY_PASSWORD": secured.passwords.key}
    options: list[str] = []
    if way == "-F":
        del deck["stream"]["rdkafka"]["sasl.password"]
        deck["stream"]["rdkafka"]["sasl.mechanism"] = "SCRAM-SHA-256"
        conf = f"# as kcat\nsasl.password={secured.passwords.scram}\n"
        options = ["-F", str(private(place / "kafka.conf", conf))]
    elif way == "command":
        del deck["stream"]["oauth_token_file"]
        env = {"HEATSTREAM_STREAM_OAUTH_TOKEN_COMMAND": f"cat '{place}/token'"}
    return Login(deck, secrets[base], env, options)


WAYS = ["certificate", "PLAIN", "SCRAM-SHA-512", "OAUTHBEARER", "-F", "command"]


def scram_needs_a_newer_library() -> bool:
    """https://github.com/confluentinc/librdkafka/pull/4895"""
    return VERSION == "4" and ctypes.CDLL("librdkafka.so.1").rd_kafka_version() < 0x020601FF


def holders(secrets: list[str], place: Path) -> list[Path]:
    """Files that hold one of the secrets; those it was put into on purpose lie elsewhere."""
    files = [path for path in place.rglob("*") if path.is_file()]
    assert files
    return [f for f in files if any(s.encode() in f.read_bytes() for s in secrets)]


@pytest.fixture(scope="module")
def digest(stream: Stream, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of the same events from files."""
    bench = Bench(tmp_path_factory.mktemp("files"))
    return bench.run(bench.files(DECK, stream), ranks=1).digest


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_log_in_gives_the_same_bits_and_leaves_no_secret(
    bench: Bench, secured: Secured, topic: str, digest: str, tmp_path: Path, way: str
) -> None:
    login = logged_in(secured, tmp_path.parent / f"{tmp_path.name}-secrets", way)
    deck = bench.deck(DECK, login.deck, {"stream": {"dead_letter_topic": "letters"}})
    seen: list[str] = []
    arguments = ["run", deck, "--until", "end", "-v", *login.options]
    with running(arguments, ranks=2, env=login.env) as program:
        while program.process.poll() is None:
            seen += [word for pid in program.ranks() for word in command_of(pid)]
            time.sleep(0.05)
        outcome = program.wait(5)
    if "SCRAM" in str(login.deck) and scram_needs_a_newer_library():
        assert "SCRAM wants 2.6.1" in outcome.expect(77).text
    else:
        outcome.expect(0)
        assert bench.directory(deck).digest == digest
    assert "--until" in seen
    for secret in login.secrets:
        assert secret not in outcome.text
        assert not any(secret in word for word in seen)
    assert holders(login.secrets, bench.path) == []


def test_gen_record_and_temperatures_log_in_too(
    bench: Bench, secured: Secured, tmp_path: Path
) -> None:
    login = logged_in(secured, tmp_path.parent / f"{tmp_path.name}-secrets", "PLAIN")
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


def mallory(secured: Secured) -> dict[str, str]:
    return plain(secured, sasl_username="mallory", sasl_password=secured.passwords.mallory)


@pytest.fixture
def stranger(secured: Secured) -> Iterator[Secured]:
    """Mallory may log in, and nothing else until granted; afterwards nothing again."""
    yield secured
    secured.revoke_all("mallory")


def test_a_topic_that_may_not_be_read_is_77_with_the_grant_that_is_missing(
    bench: Bench, stranger: Secured, topic: str
) -> None:
    who = "user mallory (SASL PLAIN)"
    outcome = refused(bench, stranger, "PLAIN", mallory(stranger), topic="heat")
    assert_one_message(outcome, 77, [f"{who} needs READ on topic heat"])
    stranger.grant("mallory", "DESCRIBE", "heat")
    deck = bench.deck(DECK, source(stranger, mallory(stranger)))
    outcome = bench.outcome(deck, "--until", "end", ranks=2)
    assert_one_message(outcome, 77, ["heat [", f"{who} needs READ on topic heat"])
    assert outcome.seconds < BOUND_S


def source(secured: Secured, properties: dict[str, str]) -> Deck:
    address = secured.address("PLAIN")
    return {"stream": {"source": "kafka", "brokers": address, "rdkafka": properties}}


@pytest.mark.parametrize(
    ("output", "grants", "words"),
    [
        ({"stream": {"dead_letter_topic": "letters"}}, [], ["WRITE on topic letters"]),
        ({"stream": {"dead_letter_topic": "letters"}}, ["DESCRIBE"], ["WRITE on topic letters"]),
        ({"output": {"temp_topic": "letters"}}, ["DESCRIBE"], ["WRITE on topic letters"]),
        ({"output": {"temp_topic": "nowhere"}}, [], ["CREATE", "on topic nowhere"]),
    ],
    ids=["unseen", "letters", "temperatures", "created"],
)
def test_a_topic_that_may_not_be_written_is_77_with_the_grant_that_is_missing(
    bench: Bench, stranger: Secured, topic: str, output: Deck, grants: list[str], words: list[str]
) -> None:
    stranger.grant("mallory", "READ", "heat")
    for operation in grants:
        stranger.grant("mallory", operation, "letters")
    deck = bench.deck(DECK, source(stranger, mallory(stranger)), output)
    outcome = bench.outcome(deck, "--until", "end", ranks=1)
    assert_one_message(outcome, 77, ["user mallory (SASL PLAIN) needs", *words])
    assert outcome.seconds < BOUND_S


def test_without_the_group_a_run_goes_on_and_ends_in_time(
    bench: Bench, stranger: Secured, topic: str, digest: str
) -> None:
    stranger.grant("mallory", "READ", "heat")
    deck = bench.deck(DECK, source(stranger, mallory(stranger)))
    outcome = bench.outcome(deck, "--until", "end", ranks=1).expect(0)
    assert "needs READ on group heatstream-heat" in outcome.text
    assert outcome.seconds < BOUND_S
    assert bench.directory(deck).digest == digest


def test_a_grant_taken_away_while_running_is_77_and_the_run_is_gone_on_with(
    bench: Bench, stranger: Secured, topic: str, digest: str
) -> None:
    stranger.grant("mallory", "READ", "heat")
    deck = bench.deck(DECK, source(stranger, mallory(stranger)), {"stream": {"idle": "block"}})
    run = bench.directory(deck)
    with running(["run", deck], 1) as program:
        program.until(lambda: run.frames_committed() > 3, "frames")
        stranger.revoke_all("mallory")
        outcome = program.wait(BOUND_S)
    assert_one_message(outcome, 77, ["user mallory (SASL PLAIN) needs READ on topic heat"])
    stranger.grant("mallory", "READ", "heat")
    bench.outcome(deck, "--until", "end", ranks=2).expect(0)
    assert run.digest == digest


def test_tokens_are_asked_for_again_before_they_expire(
    bench: Bench, secured: Secured, topic: str, tmp_path: Path
) -> None:
    """Each is good for seven seconds, after which the broker hangs up."""
    give, asked = tmp_path / "give.py", tmp_path / "asked"
    give.write_text(
        f"import sys\nsys.path.insert(0, {str(TESTS)!r})\n"
        "from system.secured import token\nprint(token('alice', 7))\n"
        f"open({str(asked)!r}, 'a').write('x')\n"
    )
    address = secured.address("OAUTH")
    kafka = {"source": "kafka", "brokers": address, "rdkafka": bearer(secured), "idle": "block"}
    deck = bench.deck(DECK, {"stream": kafka})
    options = ["-D", f"stream.oauth_token_command=exec {sys.executable} {give}"]
    run = bench.directory(deck)
    with running(["run", deck, *options], 1) as program:
        program.until(lambda: run.frames_committed() > 3, "frames")
        program.until(lambda: asked.stat().st_size > 1, "a second token")
        program.until(lambda: "connected again" in program.text(), "a login with it")
        (run.path / "STOP").touch()
        program.wait(20).expect(75)


def test_a_password_on_the_command_line_is_warned_of_and_kept_nowhere(
    bench: Bench, secured: Secured, topic: str
) -> None:
    password = secured.passwords.plain
    deck = bench.deck(DECK, source(secured, plain(secured, sasl_password="")))
    options: list[str | Path] = [deck, "--until", "end", "-vX", f"sasl.password={password}"]
    seen: list[str] = []
    with running(["run", *options], 1) as program:
        while program.process.poll() is None:
            started = bench.directory(deck).path.exists()
            ranks = program.ranks() if started else []
            seen += [word for pid in ranks for word in command_of(pid)]
            time.sleep(0.02)
        outcome = program.wait(5).expect(0)
    assert "sasl.password=*** on a command line" in outcome.text
    assert "sasl.password=***" in seen and not any(password in word for word in seen)
    printed = heatstream("run", *options, "--print-config", ranks=0).expect(0)
    for text in (outcome.text, printed.text):
        assert password not in text
    assert holders([password], bench.path) == []
    assert 'sasl.password: "***"' in printed.out


def test_a_printed_deck_lacks_its_secret_and_says_so(
    bench: Bench, secured: Secured, topic: str
) -> None:
    deck = bench.deck(DECK, source(secured, plain(secured)))
    again = bench.path / "again.yaml"
    again.write_text(heatstream("run", deck, "--print-config", ranks=0).expect(0).out)
    outcome = heatstream("record", again, "--until", "end", ranks=0, cwd=bench.path)
    assert_one_message(outcome, 78, ["sasl.password", "***", "give the secret itself"])


def test_what_may_hold_records_is_private(bench: Bench, secured: Secured, topic: str) -> None:
    deck = bench.deck(DECK, source(secured, plain(secured)))
    run = bench.run(deck, "--until", "end", ranks=2).path
    checkpoints = sorted((run / "ckpt").glob("ckpt_*.h5"))
    assert len(checkpoints) >= 2
    for path in [run / "dead_letters.ndjson", *checkpoints]:
        assert path.stat().st_mode & 0o777 == 0o600, path
