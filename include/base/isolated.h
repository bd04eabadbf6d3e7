/* Work on data that may be hostile to a library, in a process of its own: should the library crash,
 * loop for ever or ask for all memory, that process is ended and the caller is told.
 *
 * The process is a fork of the caller, which must have no threads that the work needs. It may use
 * 30 s of processor time between two messages, and ISOLATED_MEMORY more bytes than the caller has
 * already; time spent waiting for a disk is not limited. It leaves no core file. */
#ifndef HEATSTREAM_BASE_ISOLATED_H
#define HEATSTREAM_BASE_ISOLATED_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define ISOLATED_MEMORY ((int64_t)4 << 30)

/* The work's side of the way back. */
struct isolated;

/* Hands a message over; in the order of the calls. A caller that is gone ends the process. */
void isolated_send(struct isolated *isolated, const void *message, size_t size);

/* In the process of its own. What it returns, and its text, is the outcome. */
typedef enum status (*isolated_work)(void *context, struct isolated *isolated, struct error *err);

/* In the caller's process, for each message; the bytes are aligned for any type and last until it
 * returns. */
typedef void (*isolated_take)(void *context, const void *message, size_t size);

/* Returns when the work has ended and all its messages are taken. Both get `context`, the work a
 * copy of what it points to. STATUS_BAD_DATA when the process was ended before the work was done:
 * `what` says in the text what it was doing, "reading a.h5". STATUS_IO when there is no process. */
enum status isolated_run(const char *what, isolated_work work, isolated_take take, void *context,
                         struct error *err) MUST_CHECK;

#endif
