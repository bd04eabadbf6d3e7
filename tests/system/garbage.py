"""Records that are no events, and good ones that look odd."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence

from .decks import T0_MS, Stream
from .kafka import Pair

GOOD = b'"time":1700000000500,"gridX":1,"gridY":1,"gen":1'
MEGABYTE = 1_000_000
BAD_JSON: dict[str, bytes] = {
    "text": b"hello",
    "truncated": b"{" + GOOD,
    "array": b"[{" + GOOD + b"}]",
    "two_objects": b"{" + GOOD + b"}{" + GOOD + b"}",
    "text_after": b"{" + GOOD + b"} x",
    "trailing_comma": b"{" + GOOD + b",}",
    "single_quotes": b"{" + GOOD.replace(b'"', b"'") + b"}",
    "no_quotes": b"{" + GOOD.replace(b'"', b"") + b"}",
    "comment": b"{" + GOOD + b"/* */}",
    "byte_order_mark": b"\xef\xbb\xbf{" + GOOD + b"}",
    "not_utf8": b"{" + GOOD + b',"a":"\xff\xfe"}',
    "utf8_too_long": b"{" + GOOD + b',"a":"\xc0\xaf"}',
    "utf8_surrogate": b"{" + GOOD + b',"a":"\xed\xa0\x80"}',
    "utf16": ("{" + GOOD.decode() + "}").encode("utf-16-be").replace(b"\n", b""),
    "control_character": b"{" + GOOD + b',"a":"\x01"}',
    "bad_escape": b"{" + GOOD + b',"a":"\\x41"}',
    "half_an_escape": b"{" + GOOD + b',"a":"\\u12"}',
    "nan": GOOD.replace(b'"gen":1', b'"gen":NaN').join([b"{", b"}"]),
    "infinity": GOOD.replace(b'"gen":1', b'"gen":Infinity').join([b"{", b"}"]),
    "minus_infinity": GOOD.replace(b'"gen":1', b'"gen":-Infinity').join([b"{", b"}"]),
    "plus": GOOD.replace(b'"gen":1', b'"gen":+1').join([b"{", b"}"]),
    "bare_point": GOOD.replace(b'"gen":1', b'"gen":.5').join([b"{", b"}"]),
    "point_at_end": GOOD.replace(b'"gen":1', b'"gen":1.').join([b"{", b"}"]),
    "empty_exponent": GOOD.replace(b'"gen":1', b'"gen":1e').join([b"{", b"}"]),
    "hexadecimal": GOOD.replace(b'"gen":1', b'"gen":0x1').join([b"{", b"}"]),
    "leading_zero": GOOD.replace(b'"gridX":1', b'"gridX":01').join([b"{", b"}"]),
    "gen_text": GOOD.replace(b'"gen":1', b'"gen":"1"').join([b"{", b"}"]),
    "gen_null": GOOD.replace(b'"gen":1', b'"gen":null').join([b"{", b"}"]),
    "x_fraction": GOOD.replace(b'"gridX":1', b'"gridX":1.0').join([b"{", b"}"]),
    "x_exponent": GOOD.replace(b'"gridX":1', b'"gridX":1e0').join([b"{", b"}"]),
    "time_text": GOOD.replace(b"1700000000500", b'"2023"').join([b"{", b"}"]),
    "time_beyond_int64": GOOD.replace(b"1700000000500", b"9223372036854775808").join([b"{", b"}"]),
    "x_beyond_int64": GOOD.replace(b'"gridX":1', b'"gridX":-9223372036854775809').join(
        [b"{", b"}"]
    ),
    "no_gen": b'{"time":1700000000500,"gridX":1,"gridY":1}',
    "no_time": b'{"gridX":1,"gridY":1,"gen":1}',
    "no_x": b'{"time":1700000000500,"gridY":1,"gen":1}',
    "key_twice": b"{" + GOOD + b',"gen":1}',
    "key_twice_escaped": b"{" + GOOD + b',"\\u0067en":2}',
    "other_key_twice": b"{" + GOOD + b',"a":1,"a":1}',
    "nested_key_twice": b"{" + GOOD + b',"a":[{"b":1,"b":2}]}',
    "sixty_five_levels": b"{" + GOOD + b',"a":' + b"[" * 64 + b"]" * 64 + b"}",
    "unbalanced": b"{" + GOOD + b',"a":[1}',
    "space_only": b" \t ",
    "null": b"null",
    "number": b"17",
    "nul_byte": b"{" + GOOD + b"}\x00",
    "vertical_tab": b"{" + GOOD + b"\x0b}",
    "megabyte_of_nothing": b"[" * MEGABYTE,
    "megabyte_of_bytes": bytes([0, 255, 128, 34]) * (MEGABYTE // 4),
}
OUT_OF_RANGE: dict[str, bytes] = {
    "x_beyond": GOOD.replace(b'"gridX":1', b'"gridX":23').join([b"{", b"}"]),
    "y_beyond": GOOD.replace(b'"gridY":1', b'"gridY":17').join([b"{", b"}"]),
    "x_negative": GOOD.replace(b'"gridX":1', b'"gridX":-1').join([b"{", b"}"]),
    "x_of_two_to_the_32": GOOD.replace(b'"gridX":1', b'"gridX":4294967296').join([b"{", b"}"]),
    "x_largest": GOOD.replace(b'"gridX":1', b'"gridX":9223372036854775807').join([b"{", b"}"]),
    "rate_beyond_limit": GOOD.replace(b'"gen":1', b'"gen":1.0000001e12').join([b"{", b"}"]),
    "x_beyond_and_not_finite": GOOD.replace(b'"gridX":1', b'"gridX":99')
    .replace(b'"gen":1', b'"gen":1e999')
    .join([b"{", b"}"]),
}
NOT_FINITE: dict[str, bytes] = {
    "beyond_double": GOOD.replace(b'"gen":1', b'"gen":1e999').join([b"{", b"}"]),
    "below_double": GOOD.replace(b'"gen":1', b'"gen":-1.8e308').join([b"{", b"}"]),
}
BEFORE_START: dict[str, bytes] = {
    "a_millisecond_early": GOOD.replace(b"1700000000500", str(T0_MS - 1).encode()).join(
        [b"{", b"}"]
    ),
    "before_1970": GOOD.replace(b"1700000000500", b"-5").join([b"{", b"}"]),
    "first_of_all_times": GOOD.replace(b"1700000000500", b"-9223372036854775808").join(
        [b"{", b"}"]
    ),
}
# All of these are refused with the verdict of their group.
REFUSED = {
    "undecodable": BAD_JSON,
    "out_of_range": OUT_OF_RANGE,
    "not_finite": NOT_FINITE,
    "before_start": BEFORE_START,
}


def everything_refused() -> list[bytes]:
    return [raw for group in REFUSED.values() for raw in group.values()]


def dressed(raw: bytes, rng: random.Random) -> bytes:
    """The same event in an odd but legal form."""
    members = raw.strip(b"{}").split(b",")
    rng.shuffle(members)
    others = [
        b'"note":"[{\\"gen\\":7}]"',
        b'"deep":' + b"[" * 63 + b"]" * 63,
        b'"\\u00e9":{"time":1,"gridX":[]}',
        b'"nothing":null',
        b'"a\\u0000b":1e-999',
    ]
    members.insert(rng.randrange(len(members) + 1), rng.choice(others))
    text = (b" ,\t" if rng.random() < 0.5 else b",").join(members)
    return b"  {" + text.replace(b'"gen"', b'"g\\u0065n"') + b"} \t\r"


def mixed(stream: Stream, rng: random.Random, refused: Sequence[bytes]) -> Stream:
    """Every refused record once in every partition, between the good ones in their order."""
    partitions = []
    for good in stream.partitions:
        values = [dressed(v, rng) if rng.random() < 0.1 else v for v in good]
        for raw in rng.sample(refused, len(refused)):
            values.insert(rng.randrange(len(values) + 1), raw)
        partitions.append(values)
    return Stream(partitions)


def binary_pair(time_ms: int, x: int, y: int, rate: float) -> Pair:
    return struct.pack(">II", x, y), struct.pack(">qd", time_ms, rate)


def bad_binary() -> list[Pair]:
    key, value = binary_pair(T0_MS + 500, 1, 1, 1.0)
    assert key is not None and value is not None
    odd: list[Pair] = [
        (key, value[:15]), (key, value + b"\0"), (key, b""), (key, None), (None, value),
        (key[:7], value), (key[4:], value), (key + b"\0", value), (b"", value), (None, None),
    ]  # fmt: skip
    rates = [float("nan"), float("inf"), float("-inf"), 2e12]
    odd += [binary_pair(T0_MS + 500, 1, 1, rate) for rate in rates]
    odd += [binary_pair(T0_MS + 500, 2**32 - 1, 1, 1.0), binary_pair(T0_MS + 500, 1, 17, 1.0)]
    return odd
