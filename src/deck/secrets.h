/* What a deck may not show, and what it may not do. Internal to deck/. */
#ifndef HEATSTREAM_DECK_SECRETS_H
#define HEATSTREAM_DECK_SECRETS_H

#include <stdbool.h>

#include "base/buffer.h"

enum { SECRET_REASON_SIZE = 640 };

/* True for a text that begins as ${file:PATH} does. */
bool secret_is_file(const char *text);

/* Appends what the file of "${file:PATH}" holds, without line ends behind it, and a final 0. PATH
 * is relative to the folder of the deck; at most 64 KiB, no NUL. On failure returns false and puts
 * what is wrong, which never holds the secret, into `reason`, SECRET_REASON_SIZE bytes. Warns of a
 * file that every user of the machine can read. */
bool secret_read_file(const char *text, const char *deck_path, struct buffer *secret, char *reason);

/* False for librdkafka properties that load libraries or run commands. */
bool secret_property_is_harmless(const char *name, const char *value);

#endif
