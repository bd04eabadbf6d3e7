/* The known name a user most likely meant. Internal to deck/. */
#ifndef HEATSTREAM_DECK_NEAREST_H
#define HEATSTREAM_DECK_NEAREST_H

/* The nearest key of the deck's options and groups. */
const char *nearest_key(const char *key);

/* The edit distance (insert, delete, replace, swap of neighbours) of the first 63 bytes. */
int nearest_distance(const char *a, const char *b);

#endif
