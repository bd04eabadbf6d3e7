/* The forms an event may have on the wire. */
#ifndef HEATSTREAM_INGEST_FORMAT_H
#define HEATSTREAM_INGEST_FORMAT_H

enum event_format { EVENT_JSON, EVENT_BINARY };

#endif
