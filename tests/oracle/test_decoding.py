"""The oracle's decoder against the wording of the contract."""

from __future__ import annotations

import struct

import pytest

from oracle.decoding import Rules, decode, sensor_table

JSON = Rules("json", nx=10, ny=5)
BINARY = Rules("binary", nx=10, ny=5)

UNDECODABLE = {
    "empty": b"",
    "only_space": b"  ",
    "byte_order_mark": b'\xef\xbb\xbf{"time":1,"gridX":1,"gridY":1,"gen":1}',
    "array": b'[{"time":1,"gridX":1,"gridY":1,"gen":1}]',
    "two_objects": b'{"time":1,"gridX":1,"gridY":1,"gen":1}{}',
    "key_twice": b'{"time":1,"gridX":1,"gridY":1,"gen":1,"gen":1}',
    "key_twice_escaped": b'{"time":1,"gridX":1,"gridY":1,"gen":1,"ge\\u006e":1}',
    "other_key_twice_nested": b'{"time":1,"gridX":1,"gridY":1,"gen":1,"a":{"b":1,"b":2}}',
    "nan": b'{"time":1,"gridX":1,"gridY":1,"gen":NaN}',
    "minus_infinity": b'{"time":1,"gridX":1,"gridY":1,"gen":-Infinity}',
    "time_with_fraction": b'{"time":1.0,"gridX":1,"gridY":1,"gen":1}',
    "time_with_exponent": b'{"time":1e3,"gridX":1,"gridY":1,"gen":1}',
    "time_beyond_int64": b'{"time":9223372036854775808,"gridX":1,"gridY":1,"gen":1}',
    "number_as_string": b'{"time":"1","gridX":1,"gridY":1,"gen":1}',
    "leading_zero": b'{"time":01,"gridX":1,"gridY":1,"gen":1}',
    "plus": b'{"time":1,"gridX":1,"gridY":1,"gen":+1}',
    "bare_point": b'{"time":1,"gridX":1,"gridY":1,"gen":.5}',
    "trailing_comma": b'{"time":1,"gridX":1,"gridY":1,"gen":1,}',
    "single_quotes": b"{'time':1,'gridX':1,'gridY':1,'gen':1}",
    "comment": b'{"time":1,"gridX":1,"gridY":1,"gen":1}/**/',
    "bad_utf8": b'{"time":1,"gridX":1,"gridY":1,"gen":1,"a":"\xff"}',
    "control_character": b'{"time":1,"gridX":1,"gridY":1,"gen":1,"a":"\x01"}',
    "missing_field": b'{"time":1,"gridX":1,"gridY":1}',
    "null_field": b'{"time":1,"gridX":1,"gridY":1,"gen":null}',
    "truncated": b'{"time":1,"gridX":1,"gridY":1,"gen":1',
    "form_feed_around": b'\x0c{"time":1,"gridX":1,"gridY":1,"gen":1}',
    "levels_65": b'{"time":1,"gridX":1,"gridY":1,"gen":1,"a":' + b"[" * 64 + b"]" * 64 + b"}",
}

GOOD = {
    "plain": b'{"time":1,"gridX":1,"gridY":1,"gen":1}',
    "space_around": b' \t\r\n{"time":1,"gridX":1,"gridY":1,"gen":1} ',
    "any_order_and_other_keys": b'{"a":[1,{"b":null}],"gen":1,"gridY":1,"gridX":1,"time":1}',
    "escaped_key": b'{"t\\u0069me":1,"gridX":1,"gridY":1,"gen":1}',
    "levels_64": b'{"time":1,"gridX":1,"gridY":1,"gen":1,"a":' + b"[" * 63 + b"]" * 63 + b"}",
    "brackets_in_a_string": b'{"time":1,"gridX":1,"gridY":1,"gen":1,"a":"' + b"[{" * 80 + b'"}',
}


@pytest.mark.parametrize("name", UNDECODABLE)
def test_malformed_json_is_undecodable(name: str) -> None:
    assert decode(None, UNDECODABLE[name], JSON).verdict == "undecodable"


@pytest.mark.parametrize("name", GOOD)
def test_well_formed_json_is_an_event(name: str) -> None:
    decoded = decode(None, GOOD[name], JSON)
    assert decoded.verdict is None
    assert decoded.event is not None
    assert (decoded.event.time_ms, decoded.event.x, decoded.event.y) == (1, 1, 1)
    assert decoded.event.rate == 1.0


def test_tombstone_is_undecodable() -> None:
    assert decode(b"12345678", None, JSON).verdict == "undecodable"
    assert decode(b"12345678", None, BINARY).verdict == "undecodable"


@pytest.mark.parametrize(
    ("x", "y", "gen", "verdict"),
    [
        (9, 4, "1e12", None),
        (10, 0, "1", "out_of_range"),
        (0, 5, "1", "out_of_range"),
        (-1, 0, "1", "out_of_range"),
        (0, 0, "-1.0001e12", "out_of_range"),
        (0, 0, "1e400", "not_finite"),
        (10, 0, "1e400", "out_of_range"),
        (0, 0, "1e-400", None),
    ],
)
def test_range_is_judged_before_finiteness(x: int, y: int, gen: str, verdict: str | None) -> None:
    raw = f'{{"time":1,"gridX":{x},"gridY":{y},"gen":{gen}}}'.encode()
    assert decode(None, raw, JSON).verdict == verdict


def test_binary_is_exactly_8_and_16_bytes() -> None:
    key, value = struct.pack(">II", 3, 2), struct.pack(">qd", -5, 0.25)
    decoded = decode(key, value, BINARY)
    assert decoded.event is not None
    assert (decoded.event.time_ms, decoded.event.x, decoded.event.rate) == (-5, 3, 0.25)
    for bad_key, bad_value in [
        (key[:7], value),
        (key, value[:15]),
        (key, value + b"\0"),
        (None, value),
    ]:
        assert decode(bad_key, bad_value, BINARY).verdict == "undecodable"
    not_finite = struct.pack(">qd", 1, float("nan"))
    assert decode(key, not_finite, BINARY).verdict == "not_finite"


def nested_event(at: str = "5", gen: str = "1") -> bytes:
    return f'{{"at":{{"t":{at}}},"cell":{{"x":1,"y":2}},"gen":{gen}}}'.encode()


def nested(unit: str) -> Rules:
    return Rules("json", 10, 5, time="at.t", x="cell.x", y="cell.y", time_unit=unit)


@pytest.mark.parametrize(
    ("unit", "text", "time_ms"),
    [
        ("us", "-1", -1),
        ("us", "1999", 1),
        ("us", "9223372036854775807999", 2**63 - 1),
        ("us", "9223372036854775808000", None),
        ("us", "1.0", None),
        ("ns", "-1000001", -2),
        ("s", "0.29", 290),
        ("s", "-0.0000000000000000000000000000000000000001", -1),
        ("s", "9223372036854775.8079999999999999999999999", 2**63 - 1),
        ("s", "-9223372036854775.8080000000000000000000001", None),
        ("s", "1e3", None),
        ("iso8601", '"2026-01-01T00:00:00.250Z"', 1767225600250),
        ("iso8601", '"1969-12-31T23:59:59.9999Z"', -1),
        ("iso8601", '"0000-02-29T00:00:00Z"', -62162121600000),
        ("iso8601", '"9999-12-31T23:59:59-23:59"', 253402387139000),
        ("iso8601", '"2026-01-01T00:00:00"', None),
        ("iso8601", '"2026-01-01T00:00:60Z"', None),
        ("iso8601", '"2023-02-29T00:00:00Z"', None),
        ("iso8601", '"2026-01-01T00:00:00+24:00"', None),
        ("iso8601", '"2026-01-01T00:00:00.1234567890Z"', None),
        ("iso8601", "5", None),
        ("ms", '"5"', None),
    ],
)
def test_times_are_rounded_down_exactly(unit: str, text: str, time_ms: int | None) -> None:
    decoded = decode(None, nested_event(text), nested(unit))
    assert decoded.verdict == (None if time_ms is not None else "undecodable")
    assert time_ms is None or (decoded.event and decoded.event.time_ms == time_ms)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"at":5,"cell":{"x":1,"y":2},"gen":1}',
        b'{"at":[{"t":5}],"cell":{"x":1,"y":2},"gen":1}',
        b'{"at.t":5,"cell":{"x":1,"y":2},"gen":1}',
        b'{"at":{"t":{"t":5}},"cell":{"x":1,"y":2},"gen":1}',
        b'{"at":{"t":5},"at":{},"cell":{"x":1,"y":2},"gen":1}',
    ],
)
def test_paths_that_lead_nowhere_are_undecodable(raw: bytes) -> None:
    assert decode(None, raw, nested("ms")).verdict == "undecodable"


TABLE = 'id,x,y,gain,offset\nrack7,1,2,0.1,0.3\n7,3,4,1,0\n"a""b, c",0,0,1e300,-1\n'
SENSORS = Rules("json", 10, 5, id="sensor", sensors=sensor_table(TABLE))


@pytest.mark.parametrize(
    ("sensor", "gen", "verdict", "row"),
    [
        ('"rack7"', "3.1", None, 0),
        ('"r\\u0061ck7"', "3.1", None, 0),
        ("7", "3.1", None, 1),
        ('"7"', "3.1", None, 1),
        ("7.0", "3.1", "undecodable", None),
        ("null", "3.1", "undecodable", None),
        ('"rack8"', "1e999", "unknown_sensor", None),
        ('"a\\"b, c"', "1", "out_of_range", 2),
        ('"a\\"b, c"', "1e10", "not_finite", 2),
    ],
)
def test_an_event_names_its_sensor(
    sensor: str, gen: str, verdict: str | None, row: int | None
) -> None:
    decoded = decode(None, f'{{"time":5,"sensor":{sensor},"gen":{gen}}}'.encode(), SENSORS)
    assert decoded.verdict == verdict
    if verdict is None:
        assert decoded.event is not None
        assert decoded.event.sensor == row
        assert decoded.event.rate == (0.1 * 3.1 + 0.3 if row == 0 else 3.1)


CSV = Rules("csv", 10, 5)


@pytest.mark.parametrize("raw", [b"5,1,2,3", b"5,1,2,3\r\n", b'"5",1,2,"3"', b"5,1,2,3e0\n"])
def test_a_line_is_an_event(raw: bytes) -> None:
    decoded = decode(None, raw, CSV)
    assert decoded.verdict is None
    assert decoded.event is not None
    assert (decoded.event.time_ms, decoded.event.x, decoded.event.y) == (5, 1, 2)
    assert decoded.event.rate == 3


@pytest.mark.parametrize(
    "raw", [b"", b"5,1,2", b"5,1,2,3,", b"5, 1,2,3", b'5,1,2,"3', b'5,1,2,3"', b"5,1,2,3\n\n"]
)
def test_a_line_of_another_form_is_undecodable(raw: bytes) -> None:
    assert decode(None, raw, CSV).verdict == "undecodable"


def test_columns_and_sensors_of_a_line() -> None:
    rules = Rules(
        "csv",
        10,
        5,
        id="sensor",
        sensors=sensor_table(TABLE),
        csv_columns=("gen", "note", "sensor", "time"),
    )
    decoded = decode(None, b'2,,"a""b, c",5', rules)
    assert decoded.verdict == "out_of_range"
    assert decode(None, b'2,"x, y",rack8,5', rules).verdict == "unknown_sensor"
    assert decode(None, b"2,,7,5", rules).verdict is None
