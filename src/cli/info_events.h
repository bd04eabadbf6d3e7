/* What `info` tells of an event file. */
#ifndef HEATSTREAM_CLI_INFO_EVENTS_H
#define HEATSTREAM_CLI_INFO_EVENTS_H

#include <jansson.h>

#include "base/status.h"

/* Adds kind, records, bytes and, of a CSV file, its header. STATUS_NO_INPUT: it cannot be read. */
enum status info_describe_events(json_t *object, const char *path, struct error *err) MUST_CHECK;

#endif
