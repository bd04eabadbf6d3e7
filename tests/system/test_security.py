"""Secured brokers: every way to log in, and no secret left anywhere."""

from __future__ import annotations

import ctypes
import re
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from .conftest import Bench
from .decks import Deck
from .failing import Order
from .kafka import VERSION
from .lives import held, held_at
from .program import Outcome, Running, command_of, heatstream, kill_quietly, running
from .secured import DECK, Secured, bearer, plain, private, source, token
from .test_errors import assert_one_message

pytestmark = pytest.mark.kafka
TESTS = Path(__file__).resolve().parents[1]


@dataclass
class Login:
    """How to log in: properties of the deck, environment, options; and what nobody may find."""

    deck: Deck
    secrets: list[str]
    env: dict[str, str]
    options: list[str]


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


AMID = Order("manifest_add_frame", 3, "hold")


def words_of_ranks(program: Running) -> list[str]:
    """Of their command lines; a rank that is held until it was looked at goes on."""
    waiting = held(program)
    words = [word for pid in program.ranks() for word in command_of(pid)]
    for pid in waiting:
        kill_quietly(pid, signal.SIGCONT)
    return words


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_log_in_gives_the_same_bits_and_leaves_no_secret(
    bench: Bench, secured: Secured, login_topic: str, login_digest: str, tmp_path: Path, way: str
) -> None:
    login = logged_in(secured, tmp_path.parent / f"{tmp_path.name}-secrets", way)
    both_read = {"ingest": {"readers": 2}, "stream": {"dead_letter_topic": "letters"}}
    deck = bench.deck(DECK, login.deck, both_read)
    seen: list[str] = []
    arguments = ["run", deck, "--until", "end", "-v", *login.options]
    with running(arguments, ranks=2, env=(login.env or {}) | AMID.variables) as program:
        while program.process.poll() is None:
            seen += words_of_ranks(program)
            time.sleep(0.05)
        outcome = program.wait()
    if "SCRAM" in str(login.deck) and scram_needs_a_newer_library():
        assert "SCRAM wants 2.6.1" in outcome.expect(77).text
    else:
        outcome.expect(0)
        assert bench.directory(deck).digest == login_digest
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


def test_tokens_are_asked_for_again_before_they_expire(
    bench: Bench, secured: Secured, login_topic: str, tmp_path: Path
) -> None:
    """Each is good for twelve seconds, after which the broker hangs up."""
    give, asked = tmp_path / "give.py", tmp_path / "asked"
    give.write_text(
        f"import os, sys\nsys.path.insert(0, {str(TESTS)!r})\n"
        "from system.secured import token\n"
        f"with open({str(asked)!r}, 'a') as file:\n    file.write('x')\n"
        "print(token('alice', 12), flush=True)\nos._exit(0)\n"
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
    bench: Bench, secured: Secured, login_topic: str
) -> None:
    password = secured.passwords.plain
    deck = bench.deck(DECK, source(secured, plain(secured, sasl_password="")))
    options: list[str | Path] = [deck, "--until", "end", "-vX", f"sasl.password={password}"]
    seen: list[str] = []
    with held_at(AMID, ["run", *options], 1) as program:
        seen += words_of_ranks(program)
        outcome = program.wait().expect(0)
    assert "sasl.password=*** on a command line" in outcome.text
    assert "sasl.password=***" in seen and not any(password in word for word in seen)
    printed = heatstream("run", *options, "--print-config", ranks=0).expect(0)
    for text in (outcome.text, printed.text):
        assert password not in text
    assert holders([password], bench.path) == []
    assert 'sasl.password: "***"' in printed.out


def test_a_printed_deck_lacks_its_secret_and_says_so(
    bench: Bench, secured: Secured, login_topic: str
) -> None:
    deck = bench.deck(DECK, source(secured, plain(secured)))
    again = bench.path / "again.yaml"
    again.write_text(heatstream("run", deck, "--print-config", ranks=0).expect(0).out)
    outcome = heatstream("record", again, "--until", "end", ranks=0, cwd=bench.path)
    assert_one_message(outcome, 78, ["sasl.password", "***", "give the secret itself"])


def test_what_may_hold_records_is_private(bench: Bench, secured: Secured, login_topic: str) -> None:
    deck = bench.deck(DECK, source(secured, plain(secured)))
    run = bench.run(deck, "--until", "end", ranks=2).path
    checkpoints = sorted((run / "ckpt").glob("ckpt_*.h5"))
    assert len(checkpoints) >= 2
    for path in [run / "dead_letters.ndjson", *checkpoints]:
        assert path.stat().st_mode & 0o777 == 0o600, path
