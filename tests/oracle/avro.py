"""Avro bodies, decoded by fastavro, which shares nothing with the program."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import fastavro

UNITS = {None: "ms", "timestamp-millis": "ms", "timestamp-micros": "us", "timestamp-nanos": "ns"}


class NotARecord(Exception):
    """The bytes are not one record of the schema."""


def without_logical_types(schema: Any) -> Any:
    """So that fastavro hands over numbers, and not what it makes of them."""
    if isinstance(schema, list):
        return [without_logical_types(branch) for branch in schema]
    if isinstance(schema, dict):
        return {k: without_logical_types(v) for k, v in schema.items() if k != "logicalType"}
    return schema


def leaf(schema: Any, path: list[str]) -> Any:
    """The type at the end of a path; of a union the first branch that is not null."""
    if isinstance(schema, list):
        return leaf(next(branch for branch in schema if branch != "null"), path)
    if not path:
        return schema
    (field,) = (f for f in schema["fields"] if f["name"] == path[0])
    return leaf(field["type"], path[1:])


@dataclass(frozen=True)
class Schema:
    """Of a schema that is known to be good."""

    declared: Any
    parsed: Any

    @staticmethod
    def of(text: str) -> Schema:
        declared = json.loads(text)
        return Schema(declared, fastavro.parse_schema(without_logical_types(declared)))

    def unit(self, path: str) -> str:
        time = leaf(self.declared, path.split("."))
        return UNITS[time.get("logicalType") if isinstance(time, Mapping) else None]

    def read(self, body: bytes) -> dict[str, Any]:
        """Whatever it is that fastavro raises: then the bytes are no record."""
        stream = io.BytesIO(body)
        try:
            record = fastavro.schemaless_reader(stream, self.parsed, None)
        except Exception as error:
            raise NotARecord(str(error)) from error
        if stream.read(1):
            raise NotARecord("bytes left over")
        assert isinstance(record, dict)
        return record

    def write(self, record: Mapping[str, Any]) -> bytes:
        stream = io.BytesIO()
        fastavro.schemaless_writer(stream, self.parsed, dict(record))
        return stream.getvalue()


def confluent(schema_id: int, body: bytes) -> bytes:
    return b"\0" + schema_id.to_bytes(4, "big") + body


def without_prefix(schema_id: int, value: bytes) -> bytes:
    if value[:5] != confluent(schema_id, b""):
        raise NotARecord("another schema")
    return value[5:]
