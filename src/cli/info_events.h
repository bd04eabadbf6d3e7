/* What `info` tells of an event file. */
#ifndef HEATSTREAM_CLI_INFO_EVENTS_H
#define HEATSTREAM_CLI_INFO_EVENTS_H

#include <jansson.h>

#include "base/status.h"

/* Adds kind, records, bytes and, of a CSV file, its header; of an event log, of which every block
 * is read, topic, cluster, offsets and whether it is complete. STATUS_NO_INPUT: it cannot be read;
 * STATUS_BAD_DATA: it is damaged. */
enum status info_describe_events(json_t *object, const char *path, struct error *err) MUST_CHECK;

#endif
