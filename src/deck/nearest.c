#include "nearest.h"

#include <string.h>

#include "base/arith.h"
#include "deck/options.h"

enum { LONGEST = 63 };

static int clipped_length(const char *text)
{
    size_t length = strlen(text);
    return length > LONGEST ? LONGEST : (int)length;
}

int nearest_distance(const char *a, const char *b)
{
    int rows[3][LONGEST + 1];
    int *before = rows[0], *above = rows[1], *row = rows[2];
    int length_a = clipped_length(a), length_b = clipped_length(b);
    for (int j = 0; j <= length_b; j++)
        above[j] = j;
    for (int i = 1; i <= length_a; i++) {
        row[0] = i;
        for (int j = 1; j <= length_b; j++) {
            int change = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = min_int(change, min_int(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = min_int(row[j], before[j - 2] + 1);
        }
        int *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[length_b];
}

static const char *last_part(const char *key)
{
    const char *dot = strrchr(key, '.');
    return dot ? dot + 1 : key;
}

/* A key in the wrong section is nearer than one spelt otherwise. */
static int score(const char *key, const char *candidate)
{
    int whole = nearest_distance(key, candidate);
    int tail = 1 + 2 * nearest_distance(last_part(key), last_part(candidate));
    return min_int(whole, tail);
}

const char *nearest_key(const char *key)
{
    const char *nearest = NULL;
    int best = 0;
    for (int i = 0; i < deck_option_count + deck_group_count; i++) {
        const char *candidate =
            i < deck_option_count ? deck_options[i].key : deck_groups[i - deck_option_count].key;
        int distance = score(key, candidate);
        if (!nearest || distance < best) {
            nearest = candidate;
            best = distance;
        }
    }
    return nearest;
}
