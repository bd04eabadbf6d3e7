"""An event log, read by its description alone (include/ingest/event_log.h) and believed in nothing.

Only whole files: what is torn, damaged or left over is an assertion.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

MAGIC = b"\x89HSL\r\n\x1a\n"
MARK = 0xFFFFFFFF
BLOCK = struct.Struct("<4sI4q4I")


@dataclass(frozen=True)
class Record:
    offset: int
    time_ms: int
    key: bytes | None
    value: bytes | None


@dataclass
class Track:
    """A partition: where it was read from and up to, and what was there."""

    first: int
    next: int
    records: list[Record]


@dataclass
class EventLog:
    topic: str
    cluster_id: str
    partitions: list[Track]
    blocks: int = 0
    closed: bool = False


class Bytes:
    def __init__(self, raw: bytes, at: int = 0) -> None:
        self.raw, self.at = raw, at

    def take(self, size: int) -> bytes:
        assert 0 <= size <= len(self.raw) - self.at
        self.at += size
        return self.raw[self.at - size : self.at]

    def int64(self) -> int:
        return int.from_bytes(self.take(8), "little", signed=True)

    def leb128(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            (byte,) = self.take(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                assert value < 1 << 64
                return value
        raise AssertionError("a number of more than ten bytes")

    def optional(self, size: int) -> bytes | None:
        return self.take(size - 1) if size else None


def read_header(raw: bytes) -> tuple[EventLog, int]:
    at = Bytes(raw)
    assert at.take(8) == MAGIC
    assert at.int64() == 1
    size = at.int64()
    assert zlib.crc32(raw[: size - 4]) == int.from_bytes(raw[size - 4 : size], "little")
    topic, cluster_id = (at.take(at.int64()).decode() for _ in range(2))
    firsts = [at.int64() for _ in range(at.int64())]
    assert at.at == size - 4
    return EventLog(topic, cluster_id, [Track(first, first, []) for first in firsts]), size


def read_records(raw: bytes, count: int, offset: int) -> list[Record]:
    at, time_ms, records = Bytes(raw), 0, []
    for _ in range(count):
        offset += at.leb128()
        folded = at.leb128()
        time_ms += -(folded + 1) // 2 if folded % 2 else folded // 2
        time_ms = (time_ms + 2**63) % 2**64 - 2**63
        key_size, value_size = at.leb128(), at.leb128()
        key = at.optional(key_size)
        records.append(Record(offset, time_ms, key, at.optional(value_size)))
        offset += 1
    assert at.at == len(raw)
    return records


def read_block(log: EventLog, raw: bytes, at: int, synced_before: int) -> tuple[int, int]:
    """Its end, and what it says is on the disk."""
    magic, crc, position, synced, first, end, partition, count, size, records_crc = (
        BLOCK.unpack_from(raw, at)
    )
    assert magic == b"HSLB" and crc == zlib.crc32(raw[at + 8 : at + BLOCK.size])
    assert position == at and synced_before <= synced <= at
    body = raw[at + BLOCK.size : at + BLOCK.size + size]
    assert len(body) == size and records_crc == zlib.crc32(body)
    log.closed = partition == MARK and synced == at
    if partition != MARK:
        track = log.partitions[partition]
        records = read_records(body, count, first)
        assert first == track.next < end
        assert all(record.offset < end for record in records[-1:])
        track.next = end
        track.records += records
        log.blocks += 1
    return at + BLOCK.size + size, synced


def read_event_log(path: Path) -> EventLog:
    raw = path.read_bytes()
    log, at = read_header(raw)
    synced = at
    while at < len(raw):
        at, synced = read_block(log, raw, at, synced)
    return log
