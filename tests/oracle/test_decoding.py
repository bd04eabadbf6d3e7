"""The oracle's decoder against the wording of the contract."""

from __future__ import annotations

import struct

import pytest

from oracle.decoding import Rules, decode

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
