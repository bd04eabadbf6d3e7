/* Doubles as text: the shortest decimal that reads back as the same double, and of several of that
 * length the nearest. Method: R. Giulietti, "The Schubfach way to render doubles" (2020). */
#ifndef HEATSTREAM_BASE_SHORTEST_H
#define HEATSTREAM_BASE_SHORTEST_H

#include <stdint.h>

enum { SHORTEST_DOUBLE_SIZE = 24, SHORTEST_INTEGER_SIZE = 20 };

/* The powers of ten that it takes. */
struct shortest;

struct shortest *shortest_create(void);
void shortest_destroy(struct shortest *shortest); /* accepts NULL */

/* Writes a finite value at `at`, at most SHORTEST_DOUBLE_SIZE bytes without a NUL, and returns
 * where it ends. The text is a JSON number with a point or an exponent, so that no reader takes it
 * for an integer: 20.0, -0.0, 0.0001, 1e-05, 1.5e+17. */
char *shortest_put_double(const struct shortest *shortest, double value, char *at);

/* The same for an integer, at most SHORTEST_INTEGER_SIZE bytes. */
char *shortest_put_int64(int64_t value, char *at);

#endif
