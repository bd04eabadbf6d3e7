/* The forms an event and its time may have on the wire. */
#ifndef HEATSTREAM_WIRE_FORMAT_H
#define HEATSTREAM_WIRE_FORMAT_H

#include <stdbool.h>

enum event_format { EVENT_JSON, EVENT_BINARY, EVENT_CSV, EVENT_AVRO, EVENT_CONFLUENT_AVRO };

/* Milliseconds, a decimal of seconds, micro- or nanoseconds since 1970 UTC, or a text
 * YYYY-MM-DDTHH:MM:SS[.1-9 digits](Z|+HH:MM|-HH:MM); all rounded down to milliseconds. A time
 * beyond int64 milliseconds is undecodable. */
enum time_unit { TIME_MS, TIME_S, TIME_US, TIME_NS, TIME_ISO8601 };

static inline bool event_format_is_avro(enum event_format format)
{
    return format == EVENT_AVRO || format == EVENT_CONFLUENT_AVRO;
}

#endif
