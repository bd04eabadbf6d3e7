/* alerts.ndjson against what the newest checkpoint, or the finish, says of it. */
#ifndef HEATSTREAM_CLI_VERIFY_ALERTS_H
#define HEATSTREAM_CLI_VERIFY_ALERTS_H

#include <jansson.h>

#include "store/verify.h"

/* Its bytes by their digest, and that every line is one. Of a run that has not finished, lines that
 * came later are looked at, too, but not proven. A summary that says nothing of alerts is of a run
 * without any. Differences are counted. STATUS_IO. */
enum status verify_alerts(struct verify *verify, const json_t *summary, bool finished,
                          struct error *err) MUST_CHECK;

#endif
