"""A Kafka that lets nobody in: certificates made on the spot, a listener for each way to log in."""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from .decks import AWKWARD, Deck, merged
from .kafka import Kafka, start_broker, stop_broker
from .program import PATIENCE

# The listeners, and the certificate that the broker shows there.
TLS = {"TLS": "broker", "PLAIN": "broker", "SCRAM": "broker", "OAUTH": "broker",
       "EXPIRED": "expired", "ELSEWHERE": "elsewhere"}  # fmt: skip
SCRAM = "SCRAM-SHA-256,SCRAM-SHA-512"
MECHANISMS = {"PLAIN": "PLAIN", "SCRAM": SCRAM, "OAUTH": "OAUTHBEARER", "EXPIRED": "PLAIN",
              "ELSEWHERE": "PLAIN"}  # fmt: skip
MODULES = "org.apache.kafka.common.security"
Settings = dict[str, str]
DECK = merged(AWKWARD, {"checkpoint": {"every_windows": 5}, "stream": {"topic": "heat"}})


def openssl(directory: Path, *arguments: str) -> None:
    done = subprocess.run(
        ["openssl", *arguments], cwd=directory, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@dataclass(frozen=True)
class Certificates:
    """NAME.crt and NAME.key each, and NAME.pem with both, as Kafka wants them."""

    path: Path

    def authority(self, name: str) -> None:
        openssl(
            self.path, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.crt", "-subj", f"/CN={name}",
            "-addext", "basicConstraints=critical,CA:true",
        )  # fmt: skip

    def issue(self, name: str, subject: str, authority: str = "ca", days: int = 2) -> None:
        openssl(
            self.path, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={subject}",
        )  # fmt: skip
        (self.path / f"{name}.ext").write_text(f"subjectAltName=DNS:{subject}\n")
        openssl(
            self.path, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.crt",
            "-CAkey", f"{authority}.key", "-CAcreateserial", "-days", str(days),
            "-extfile", f"{name}.ext", "-out", f"{name}.crt",
        )  # fmt: skip
        both = (self.path / f"{name}.key").read_text() + (self.path / f"{name}.crt").read_text()
        (self.path / f"{name}.pem").write_text(both)

    def lock_key(self, name: str, password: str) -> None:
        openssl(
            self.path, "ec", "-in", f"{name}.key", "-aes256", "-passout", f"pass:{password}",
            "-out", f"{name}-locked.key",
        )  # fmt: skip


def certificates(directory: Path) -> Certificates:
    directory.mkdir()
    made = Certificates(directory)
    made.authority("ca")
    made.authority("stranger")
    made.issue("broker", "localhost")
    made.issue("expired", "localhost", days=-1)
    made.issue("elsewhere", "elsewhere.example")
    made.issue("alice", "alice")
    made.issue("alice-expired", "alice", days=-1)
    made.issue("alice-strange", "alice", authority="stranger")
    return made


@dataclass(frozen=True)
class Passwords:
    """Of one session: whatever is found in a file was put there by this one."""

    plain: str
    scram: str
    key: str
    mallory: str

    @staticmethod
    def new() -> Passwords:
        return Passwords(*(f"secret-{secrets.token_hex(12)}" for _ in range(4)))

    def all(self) -> list[str]:
        return [self.plain, self.scram, self.key, self.mallory]


def token(subject: str, seconds: float = 3600) -> str:
    """An unsecured JSON Web Token: Kafka's validator for tests asks for no signature."""

    def part(claims: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")

    now = time.time()
    nonce = secrets.token_hex(12)
    claims: dict[str, object] = {
        "sub": subject,
        "iat": int(now),
        "exp": int(now + seconds),
        "jti": nonce,
    }
    return f"{part({'alg': 'none'})}.{part(claims)}."


def settings_of(passwords: Passwords, certificates: Certificates) -> Settings:
    settings = {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        "ssl.principal.mapping.rules": "RULE:^CN=([^,]*).*$/$1/",
        "sasl.enabled.mechanisms": f"PLAIN,{SCRAM},OAUTHBEARER",
        "listener.name.tls.ssl.client.auth": "required",
        "listener.name.tls.ssl.truststore.type": "PEM",
        "listener.name.tls.ssl.truststore.location": str(certificates.path / "ca.crt"),
        "listener.name.oauth.oauthbearer.sasl.jaas.config": f"{MODULES}.oauthbearer."
        'OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";',
    }
    for name, certificate in TLS.items():
        place = f"listener.name.{name.lower()}"
        settings[f"{place}.ssl.keystore.type"] = "PEM"
        settings[f"{place}.ssl.keystore.location"] = str(certificates.path / f"{certificate}.pem")
        if name in MECHANISMS:
            settings[f"{place}.sasl.enabled.mechanisms"] = MECHANISMS[name]
        if MECHANISMS.get(name) == "PLAIN":
            settings[f"{place}.plain.sasl.jaas.config"] = (
                f"{MODULES}.plain.PlainLoginModule required "
                f'user_alice="{passwords.plain}" user_mallory="{passwords.mallory}";'
            )
    for mechanism in SCRAM.lower().split(","):
        settings[f"listener.name.scram.{mechanism}.sasl.jaas.config"] = (
            f"{MODULES}.scram.ScramLoginModule required;"
        )
    return settings


@dataclass(frozen=True)
class Secured:
    admin: Kafka  # by a listener of its own, where everybody may do everything
    listeners: dict[str, str]
    certificates: Certificates
    passwords: Passwords

    def address(self, listener: str) -> str:
        return self.listeners[listener]

    def add_scram_user(self, user: str) -> None:
        client = AdminClient({"bootstrap.servers": self.admin.address})
        for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
            info = ScramCredentialInfo(mechanism, 4096)
            wanted = UserScramCredentialUpsertion(user, info, self.passwords.scram.encode())
            (future,) = client.alter_user_scram_credentials([wanted]).values()
            future.result(timeout=30 * PATIENCE)

    def grant(self, user: str, operation: str, topic: str, kind: str = "TOPIC") -> None:
        binding = AclBinding(
            ResourceType[kind], topic, ResourcePatternType.LITERAL, f"User:{user}", "*",
            AclOperation[operation], AclPermissionType.ALLOW,
        )  # fmt: skip
        client = AdminClient({"bootstrap.servers": self.admin.address})
        (future,) = client.create_acls([binding]).values()
        future.result(timeout=30 * PATIENCE)
        # The controller has it, the broker a moment later.
        wanted = AclBindingFilter(
            ResourceType[kind], topic, ResourcePatternType.LITERAL, f"User:{user}", "*",
            AclOperation[operation], AclPermissionType.ALLOW,
        )  # fmt: skip
        self.await_acls(client, wanted, there=True)

    def revoke_all(self, user: str) -> None:
        every = AclBindingFilter(
            ResourceType.ANY, None, ResourcePatternType.ANY, f"User:{user}", None,
            AclOperation.ANY, AclPermissionType.ANY,
        )  # fmt: skip
        client = AdminClient({"bootstrap.servers": self.admin.address})
        (future,) = client.delete_acls([every]).values()
        future.result(timeout=30 * PATIENCE)
        self.await_acls(client, every, there=False)

    def await_acls(self, client: AdminClient, which: AclBindingFilter, there: bool) -> None:
        deadline = time.monotonic() + 30 * PATIENCE
        while bool(client.describe_acls(which).result(timeout=30 * PATIENCE)) != there:
            assert time.monotonic() < deadline, f"{which} stays as it was"
            time.sleep(0.02)


@contextmanager
def secured_broker(directory: Path) -> Iterator[Secured]:
    made, passwords = certificates(directory / "tls"), Passwords.new()
    made.lock_key("alice", passwords.key)
    options: list[str] = []
    for name in TLS:
        options += ["--listener", f"{name}:{'SASL_SSL' if name in MECHANISMS else 'SSL'}"]
    for key, value in settings_of(passwords, made).items():
        options += ["--set", f"{key}={value}"]
    address = start_broker(directory / "broker", *options)
    try:
        lines = (directory / "broker" / "listeners").read_text().split()
        listeners = dict(zip(lines[::2], lines[1::2], strict=True))
        secured = Secured(Kafka(address), listeners, made, passwords)
        secured.add_scram_user("alice")
        yield secured
    finally:
        stop_broker(directory / "broker")


def private(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def plain(secured: Secured, **changes: str) -> Settings:
    """Alice logs in with her password; an empty text leaves a property out."""
    properties = {
        "ssl.ca.location": str(secured.certificates.path / "ca.crt"),
        "security.protocol": "sasl_ssl",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "alice",
        "sasl.password": secured.passwords.plain,
    } | {key.replace("_", "."): value for key, value in changes.items()}
    return {key: value for key, value in properties.items() if value}


def bearer(secured: Secured) -> dict[str, str]:
    return plain(secured, sasl_mechanism="OAUTHBEARER", sasl_username="", sasl_password="")


def source(secured: Secured, properties: dict[str, str]) -> Deck:
    address = secured.address("PLAIN")
    return {"stream": {"source": "kafka", "brokers": address, "rdkafka": properties}}
