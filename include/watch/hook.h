/* A program that is started for every line of news, with the line as its standard input: without a
 * shell, one at a time, by a thread of its own, so that whoever tells never waits. */
#ifndef HEATSTREAM_WATCH_HOOK_H
#define HEATSTREAM_WATCH_HOOK_H

#include <stddef.h>

#include "base/status.h"

enum { HOOK_WAITING = 1000 }; /* lines at most */

/* `arguments`: the program's name or path first, NULL at the end; borrowed. */
struct hook_config {
    char *const *arguments;
    double limit_s; /* that a program may run before it is killed with all it started */
    double end_s;   /* that hook_destroy() waits for what is still to be told */
};

struct hook;

/* A program that cannot be started, fails or takes too long is warned of. */
enum status hook_create(const struct hook_config *config, struct hook **hook,
                        struct error *err) MUST_CHECK;

/* Copies one line. While HOOK_WAITING lines wait, further ones are dropped, and counted in a
 * warning. */
void hook_tell(struct hook *hook, const char *line, size_t size);

/* Waits for what is still to be told, as long as the config says. Accepts NULL. */
void hook_destroy(struct hook *hook);

#endif
