"""What brokers and clients refuse: each in its own words, exit code 77, within bounded time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import Bench
from .decks import Deck
from .program import PATIENCE, Outcome, heatstream, running
from .secured import DECK, Secured, Settings, bearer, plain, private, source, token
from .test_errors import assert_one_message

pytestmark = pytest.mark.kafka
BOUND_S = 15 * PATIENCE


def refused(
    bench: Bench, secured: Secured, listener: str, properties: Settings, **more: Any
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


def certificate(secured: Secured, name: str) -> Settings:
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
    bench: Bench, secured: Secured, login_topic: str, what: str
) -> None:
    listener, changes, words = WRONG[what]
    outcome = refused(bench, secured, listener, plain(secured, **changes))
    assert_one_message(outcome, 77, [secured.address(listener), *words])
    assert "hunter2" not in outcome.text


def test_an_authority_nobody_knows_is_77(bench: Bench, secured: Secured, login_topic: str) -> None:
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
    bench: Bench, secured: Secured, login_topic: str, name: str, words: list[str]
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


def mallory(secured: Secured) -> Settings:
    return plain(secured, sasl_username="mallory", sasl_password=secured.passwords.mallory)


@pytest.fixture
def stranger(secured: Secured) -> Iterator[Secured]:
    """Mallory may log in, and nothing else until granted; afterwards nothing again."""
    yield secured
    secured.revoke_all("mallory")


def test_a_topic_that_may_not_be_read_is_77_with_the_grant_that_is_missing(
    bench: Bench, stranger: Secured, login_topic: str
) -> None:
    who = "user mallory (SASL PLAIN)"
    outcome = refused(bench, stranger, "PLAIN", mallory(stranger), topic="heat")
    assert_one_message(outcome, 77, [f"{who} needs READ on topic heat"])
    stranger.grant("mallory", "DESCRIBE", "heat")
    deck = bench.deck(DECK, source(stranger, mallory(stranger)))
    outcome = bench.outcome(deck, "--until", "end", ranks=2)
    assert_one_message(outcome, 77, ["heat [", f"{who} needs READ on topic heat"])
    assert outcome.seconds < BOUND_S


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
    bench: Bench,
    stranger: Secured,
    login_topic: str,
    output: Deck,
    grants: list[str],
    words: list[str],
) -> None:
    stranger.grant("mallory", "READ", "heat")
    for operation in grants:
        stranger.grant("mallory", operation, "letters")
    deck = bench.deck(DECK, source(stranger, mallory(stranger)), output)
    outcome = bench.outcome(deck, "--until", "end", ranks=1)
    assert_one_message(outcome, 77, ["user mallory (SASL PLAIN) needs", *words])
    assert outcome.seconds < BOUND_S


def test_without_the_group_a_run_goes_on_and_ends_in_time(
    bench: Bench, stranger: Secured, login_topic: str, login_digest: str
) -> None:
    stranger.grant("mallory", "READ", "heat")
    deck = bench.deck(DECK, source(stranger, mallory(stranger)))
    outcome = bench.outcome(deck, "--until", "end", ranks=1).expect(0)
    assert "needs READ on group heatstream-heat" in outcome.text
    assert outcome.seconds < BOUND_S
    assert bench.directory(deck).digest == login_digest


def test_a_grant_taken_away_while_running_is_77_and_the_run_is_gone_on_with(
    bench: Bench, stranger: Secured, login_topic: str, login_digest: str
) -> None:
    stranger.grant("mallory", "READ", "heat")
    deck = bench.deck(DECK, source(stranger, mallory(stranger)), {"stream": {"idle": "block"}})
    run = bench.directory(deck)
    with running(["run", deck], 1) as program:
        program.until(lambda: run.frames_committed() > 3, "frames")
        stranger.revoke_all("mallory")
        outcome = program.wait()
    assert_one_message(outcome, 77, ["user mallory (SASL PLAIN) needs READ on topic heat"])
    stranger.grant("mallory", "READ", "heat")
    bench.outcome(deck, "--until", "end", ranks=2).expect(0)
    assert run.digest == login_digest
