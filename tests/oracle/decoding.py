"""Bytes of a record to an event or a verdict, from the contract's "Decoding" and "Records"."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

from . import avro

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
MAX_LEVELS = 64


class Undecodable(Exception):
    """The record is not an event."""


class UnknownSensor(Exception):
    """The record is an event of a sensor that the table lacks."""

    def __init__(self, time_ms: int) -> None:
        self.time_ms = time_ms


@dataclass(frozen=True)
class Event:
    """`sensor`: the row in the sensor table, None without one."""

    time_ms: int
    x: int
    y: int
    rate: float
    sensor: int | None = None


@dataclass(frozen=True)
class Sensor:
    row: int
    x: int
    y: int
    gain: float
    offset: float


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
    id: str | None = None
    time_unit: str = "ms"
    sensors: Mapping[str, Sensor] | None = None
    csv_columns: tuple[str, ...] = ()
    schema: avro.Schema | None = None
    schema_id: int | None = None  # of the Confluent form

    @staticmethod
    def from_stream(stream: Mapping[str, Any], nx: int, ny: int, folder: Path = Path()) -> Rules:
        fields = stream.get("fields", {})
        table = stream.get("sensors")
        form, unit = stream.get("format", "json"), stream.get("time_unit", "auto")
        schema = None
        if form in ("avro", "confluent-avro"):
            schema = avro.Schema.of((folder / stream["schema"]).read_text("utf-8"))
        if unit == "auto":
            unit = schema.unit(fields.get("time", "time")) if schema else "ms"
        return Rules(
            format=form,
            nx=nx,
            ny=ny,
            gen_limit=float(stream.get("gen_limit", 1e12)),
            time=fields.get("time", "time"),
            x=fields.get("x", "gridX"),
            y=fields.get("y", "gridY"),
            value=fields.get("value", "gen"),
            id=fields.get("id"),
            time_unit=unit,
            sensors=sensor_table((folder / table).read_text("utf-8")) if table else None,
            csv_columns=tuple(stream.get("csv_columns", ())),
            schema=schema,
            schema_id=stream["schema_id"] if form == "confluent-avro" else None,
        )

    def columns(self) -> tuple[str, ...]:
        cell = (self.id or "",) if self.sensors is not None else (self.x, self.y)
        return self.csv_columns or (self.time, *cell, self.value)


def sensor_table(text: str) -> dict[str, Sensor]:
    """Of a table that is known to be good."""
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    return {
        row["id"]: Sensor(
            i, int(row["x"]), int(row["y"]), float(row.get("gain", 1)), float(row.get("offset", 0))
        )
        for i, row in enumerate(rows)
    }


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


# Digits enough for any literal of a test, so that nothing is rounded on the way.
EXACT = Context(prec=5000)
SHIFT = {"s": 3, "ms": 0, "us": -3, "ns": -6}
INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))", re.ASCII
)
NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def at_path(members: dict[str, Any], path: str) -> Any:
    value: Any = members
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            raise Undecodable(f"{path} leads nowhere")
        value = value[part]
    return value


def number(value: Any) -> Number:
    if not isinstance(value, Number):
        raise Undecodable("no number")
    return value


def time_of_number(literal: Number, unit: str) -> int:
    if unit == "ms":
        return literal.as_int64()
    if "e" in literal.text.lower() or (unit != "s" and not literal.integer):
        raise Undecodable("no decimal of that unit")
    value = math.floor(Decimal(literal.text).scaleb(SHIFT[unit], EXACT))
    if not INT64_MIN <= value <= INT64_MAX:
        raise Undecodable("beyond int64")
    return value


def time_of_text(text: str) -> int:
    match = INSTANT.fullmatch(text)
    if not match:
        raise Undecodable("no instant")
    *numbers, fraction, sign, hours, minutes = match.groups()
    year, month, day, hour, minute, second = (int(n) for n in numbers)
    zone = int(hours or 0) * 60 + int(minutes or 0)
    if zone > 23 * 60 + 59 or int(minutes or 0) > 59:
        raise Undecodable("no zone")
    # datetime knows no year 0; 400 years later is the same day of a calendar of 146097 days.
    try:
        moved = datetime(
            year + 400 if year < 400 else year, month, day, hour, minute, second, 0, UTC
        )
    except ValueError as error:
        raise Undecodable(str(error)) from error
    since = moved - datetime(1970, 1, 1, tzinfo=UTC)
    seconds = since.days * 86400 + since.seconds - (146097 * 86400 if year < 400 else 0)
    seconds -= (1 if sign == "+" else -1) * zone * 60
    return seconds * 1000 + int((fraction or "0").ljust(9, "0")[:3])


def time_of(value: Any, unit: str) -> int:
    if unit != "iso8601":
        return time_of_number(number(value), unit)
    if not isinstance(value, str):
        raise Undecodable("no text")
    return time_of_text(value)


def event_of(time_ms: int, identifier: str, value: float, rules: Rules) -> Event:
    sensor = (rules.sensors or {}).get(identifier)
    if sensor is None:
        raise UnknownSensor(time_ms)
    scaled = sensor.gain * value
    return Event(time_ms, sensor.x, sensor.y, scaled + sensor.offset, sensor.row)


def identifier_of(value: Any) -> str:
    if isinstance(value, Number) and value.integer:
        return value.text
    if not isinstance(value, str):
        raise Undecodable("no identifier")
    return value


def parse_json(raw: bytes, rules: Rules) -> Event:
    members = parse_object(raw)
    time_ms = time_of(at_path(members, rules.time), rules.time_unit)
    value = float(number(at_path(members, rules.value)).text)
    if rules.sensors is not None:
        identifier = identifier_of(at_path(members, rules.id or ""))
        return event_of(time_ms, identifier, value, rules)
    return Event(
        time_ms=time_ms,
        x=number(at_path(members, rules.x)).as_int64(),
        y=number(at_path(members, rules.y)).as_int64(),
        rate=value,
    )


CELL = re.compile(rb'"((?:[^"]|"")*)"|([^",]*)')


def split_line(raw: bytes) -> list[bytes]:
    line = raw.removesuffix(b"\n").removesuffix(b"\r")
    if b"\n" in line:
        raise Undecodable("more than one line")
    cells, at = [], 0
    while True:
        match = CELL.match(line, at)
        assert match
        quoted, plain = match.groups()
        cells.append(plain if quoted is None else quoted.replace(b'""', b'"'))
        at = match.end()
        if at == len(line):
            return cells
        if line[at : at + 1] != b",":
            raise Undecodable("a quote out of place")
        at += 1


def cell_number(cell: bytes) -> Number:
    match = NUMBER.fullmatch(cell)
    if not match:
        raise Undecodable("no number")
    return Number(cell.decode(), match.group(1) is None and match.group(2) is None)


def parse_csv(raw: bytes, rules: Rules) -> Event:
    cells = split_line(raw)
    if len(cells) != len(rules.columns()):
        raise Undecodable("more or fewer cells than columns")
    named = dict(zip(rules.columns(), cells, strict=True))
    text = named[rules.time]
    iso = rules.time_unit == "iso8601"
    time_ms = time_of(text.decode("latin-1") if iso else cell_number(text), rules.time_unit)
    value = float(cell_number(named[rules.value]).text)
    if rules.sensors is not None:
        return event_of(time_ms, named[rules.id or ""].decode("utf-8", "replace"), value, rules)
    x, y = cell_number(named[rules.x]).as_int64(), cell_number(named[rules.y]).as_int64()
    return Event(time_ms, x, y, value)


def parse_binary(key: bytes | None, value: bytes, rules: Rules) -> Event:
    if key is None or len(key) != 8 or len(value) != 16:
        raise Undecodable("wrong length")
    x, y = struct.unpack(">II", key)
    time, rate = struct.unpack(">qd", value)
    return Event(time // 10 ** -SHIFT[rules.time_unit], x, y, rate)


def whole(value: Any) -> int:
    if not isinstance(value, int):
        raise Undecodable("no whole number")
    return value


def avro_time(value: Any, unit: str) -> int:
    if unit == "iso8601":
        return time_of(value, unit)
    shift = SHIFT[unit]
    time_ms = whole(value) * 10**shift if shift > 0 else whole(value) // 10**-shift
    if not INT64_MIN <= time_ms <= INT64_MAX:
        raise Undecodable("beyond int64")
    return time_ms


def parse_avro(raw: bytes, rules: Rules) -> Event:
    assert rules.schema is not None
    try:
        body = raw if rules.schema_id is None else avro.without_prefix(rules.schema_id, raw)
        record = rules.schema.read(body)
    except avro.NotARecord as error:
        raise Undecodable(str(error)) from error
    time_ms = avro_time(at_path(record, rules.time), rules.time_unit)
    value = at_path(record, rules.value)
    if not isinstance(value, (int, float)):
        raise Undecodable("no number")
    if rules.sensors is not None:
        identifier = at_path(record, rules.id or "")
        if not isinstance(identifier, (int, str)):
            raise Undecodable("no identifier")
        return event_of(time_ms, str(identifier), float(value), rules)
    x, y = whole(at_path(record, rules.x)), whole(at_path(record, rules.y))
    return Event(time_ms, x, y, float(value))


def parse(key: bytes | None, value: bytes, rules: Rules) -> Event:
    if rules.format == "json":
        return parse_json(value, rules)
    if rules.schema is not None:
        return parse_avro(value, rules)
    return parse_csv(value, rules) if rules.format == "csv" else parse_binary(key, value, rules)


def decode(key: bytes | None, value: bytes | None, rules: Rules) -> Decoded:
    try:
        if value is None:
            raise Undecodable("a tombstone")
        event = parse(key, value, rules)
    except Undecodable:
        return Decoded("undecodable", None)
    except UnknownSensor as unknown:
        return Decoded("unknown_sensor", Event(unknown.time_ms, -1, -1, math.nan))
    if not (0 <= event.x < rules.nx and 0 <= event.y < rules.ny):
        return Decoded("out_of_range", event)
    if math.isfinite(event.rate):
        beyond = abs(event.rate) > rules.gen_limit
        return Decoded("out_of_range" if beyond else None, event)
    return Decoded("not_finite", event)
