/* Outcome of anything that can fail, and the text that explains it.
 *
 * A function that fails returns a status other than STATUS_OK, fills the caller's `struct error`,
 * and leaves its outputs untouched. Broken invariants are assert()ed instead. Only main() turns a
 * status into an exit code, with status_exit_code(). */
#ifndef HEATSTREAM_BASE_STATUS_H
#define HEATSTREAM_BASE_STATUS_H

enum status {
    STATUS_OK = 0,
    STATUS_RETRY,         /* nothing yet: ask again later; carries no text */
    STATUS_USAGE,         /* command line cannot be obeyed */
    STATUS_BAD_DATA,      /* input contradicts itself, or verification found a difference */
    STATUS_NO_INPUT,      /* an input, topic or restart file is missing or unusable */
    STATUS_UNREACHABLE,   /* broker not reached within its time-out */
    STATUS_BUG,           /* an internal contradiction */
    STATUS_NUMERIC,       /* NaN, infinity or instability in the field */
    STATUS_CANNOT_CREATE, /* an output cannot be created or is in use by another run */
    STATUS_IO,            /* reading or writing failed, disk full */
    STATUS_STOPPED,       /* stopped early on request, checkpoint written */
    STATUS_LOST,          /* the ranks of a run no longer hear each other */
    STATUS_REFUSED,       /* broker refused authentication or authorisation */
    STATUS_BAD_DECK,      /* deck does not validate */
    STATUS_COUNT
};

/* Owned by the caller; `text` is one or more lines without a trailing newline. */
struct error {
    char text[3072];
};

/* Formats the text and returns `status`, so that reporting and failing is one statement:
 *     return error_set(err, STATUS_IO, "writing %s: %s", path, strerror(errno)); */
enum status error_set(struct error *err, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts `prefix: ` in front of the text; returns `status`. */
enum status error_prefix(struct error *err, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The process exit code of a status (sysexits numbers where one fits). */
int status_exit_code(enum status status);

/* The only macro that may leave a function; for functions that own nothing. */
#define TRY(expression)                                                                            \
    do {                                                                                           \
        enum status try_status_ = (expression);                                                    \
        if (try_status_ != STATUS_OK)                                                              \
            return try_status_;                                                                    \
    } while (0)

#define MUST_CHECK __attribute__((warn_unused_result))

#endif
