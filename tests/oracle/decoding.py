"""Bytes of a record to an event or a verdict, from the contract's "Decoding" and "Records"."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from typing import Any

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
MAX_LEVELS = 64


class Undecodable(Exception):
    """The record is not an event."""


@dataclass(frozen=True)
class Event:
    time_ms: int
    x: int
    y: int
    rate: float


@dataclass(frozen=True)
class Decoded:
    """`verdict` None: a good event. `event` is None where even the time is not known."""

    verdict: str | None
    event: Event | None


@dataclass(frozen=True)
class Rules:
    format: str
    nx: int
    ny: int
    gen_limit: float = 1e12
    time: str = "time"
    x: str = "gridX"
    y: str = "gridY"
    value: str = "gen"


class Number:
    """A JSON number by its text; whether it is an integer literal is part of its meaning."""

    def __init__(self, text: str, integer: bool) -> None:
        self.text, self.integer = text, integer

    def as_int64(self) -> int:
        if not self.integer or len(self.text) > 20:
            raise Undecodable("not an int64 literal")
        value = int(self.text)
        if not INT64_MIN <= value <= INT64_MAX:
            raise Undecodable("beyond int64")
        return value


def no_constant(name: str) -> None:
    raise Undecodable(f"{name} is not JSON")


def object_without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Undecodable("a key twice")
    return members


def nesting(text: str) -> int:
    """Levels of a text already known to be JSON."""
    level = deepest = 0
    in_string = escaped = False
    for char in text:
        if in_string:
            in_string = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            in_string = True
        elif char in "{[":
            level += 1
            deepest = max(deepest, level)
        elif char in "}]":
            level -= 1
    return deepest


STRICT = json.JSONDecoder(
    object_pairs_hook=object_without_repeats,
    parse_int=lambda text: Number(text, True),
    parse_float=lambda text: Number(text, False),
    parse_constant=no_constant,
    strict=True,
)


def parse_object(raw: bytes) -> dict[str, Any]:
    try:
        text = raw.decode("utf-8")
        value = STRICT.decode(text)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise Undecodable(str(error)) from error
    if not isinstance(value, dict):
        raise Undecodable("not an object")
    if text.count("{") + text.count("[") > MAX_LEVELS and nesting(text) > MAX_LEVELS:
        raise Undecodable("nested too deeply")
    return value


def number(members: dict[str, Any], name: str) -> Number:
    value = members.get(name)
    if not isinstance(value, Number):
        raise Undecodable(f"{name} is missing or no number")
    return value


def parse_json(raw: bytes, rules: Rules) -> Event:
    members = parse_object(raw)
    return Event(
        time_ms=number(members, rules.time).as_int64(),
        x=number(members, rules.x).as_int64(),
        y=number(members, rules.y).as_int64(),
        rate=float(number(members, rules.value).text),
    )


def parse_binary(key: bytes | None, value: bytes) -> Event:
    if key is None or len(key) != 8 or len(value) != 16:
        raise Undecodable("wrong length")
    x, y = struct.unpack(">II", key)
    time_ms, rate = struct.unpack(">qd", value)
    return Event(time_ms, x, y, rate)


def decode(key: bytes | None, value: bytes | None, rules: Rules) -> Decoded:
    try:
        if value is None:
            raise Undecodable("a tombstone")
        event = parse_json(value, rules) if rules.format == "json" else parse_binary(key, value)
    except Undecodable:
        return Decoded("undecodable", None)
    if not (0 <= event.x < rules.nx and 0 <= event.y < rules.ny):
        return Decoded("out_of_range", event)
    if math.isfinite(event.rate):
        beyond = abs(event.rate) > rules.gen_limit
        return Decoded("out_of_range" if beyond else None, event)
    return Decoded("not_finite", event)
