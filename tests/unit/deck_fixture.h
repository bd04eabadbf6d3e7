/* Decks for tests: written to a directory of their own, loaded, printed. */
#ifndef HEATSTREAM_TESTS_DECK_FIXTURE_H
#define HEATSTREAM_TESTS_DECK_FIXTURE_H

#include <string.h>
#include <unistd.h>

#include "deck/deck.h"
#include "deck/options.h"
#include "unit.h"

static char fixture_directory[] = "/tmp/heatstream-deck-XXXXXX";
static char fixture_path[64];
static struct error fixture_error;

static inline bool fixture_begin(void)
{
    if (!mkdtemp(fixture_directory))
        return false;
    snprintf(fixture_path, sizeof fixture_path, "%s/tiny.v2.yaml", fixture_directory);
    return true;
}

static inline void fixture_end(void)
{
    unlink(fixture_path);
    rmdir(fixture_directory);
}

static inline void fixture_write(const char *yaml, size_t size)
{
    FILE *file = fopen(fixture_path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(yaml, 1, size, file), size);
    CU_ASSERT_EQUAL(fclose(file), 0);
}

/* Loads the text with up to one override; NULL and fixture_error when it is refused. */
static inline struct deck *fixture_load(const char *yaml, const char *override)
{
    struct deck *deck = NULL;
    char *overrides[] = {(char *)(uintptr_t) override};
    fixture_write(yaml, strlen(yaml));
    fixture_error.text[0] = '\0';
    enum status status =
        deck_load(fixture_path, overrides, override ? 1 : 0, &deck, &fixture_error);
    CU_ASSERT((status == STATUS_OK) == (deck != NULL));
    CU_ASSERT(status == STATUS_OK || status == STATUS_BAD_DECK);
    return deck;
}

/* One that must load. */
static inline struct deck *fixture_good(const char *yaml, const char *override)
{
    struct deck *deck = fixture_load(yaml, override);
    if (!deck)
        fprintf(stderr, "refused: %s\n", fixture_error.text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(deck);
    return deck;
}

/* The printed deck; to be freed. */
static inline char *fixture_print(const struct deck *deck)
{
    struct buffer text = {0};
    deck_print(deck, &text);
    buffer_append(&text, "", 1);
    return (char *)text.data;
}

/* A deck and what is said of it. */
struct refusal {
    const char *yaml, *text; /* without the path of the deck, which comes first */
};

static inline void assert_refused(const struct refusal *cases, size_t count)
{
    char expected[512];
    for (size_t i = 0; i < count; i++) {
        struct deck *deck = fixture_load(cases[i].yaml, NULL);
        snprintf(expected, sizeof expected, "%s:%s", fixture_path, cases[i].text);
        CU_ASSERT_PTR_NULL(deck);
        CU_ASSERT_STRING_EQUAL(fixture_error.text, expected);
        if (strcmp(fixture_error.text, expected))
            fprintf(stderr, "  %s\n  %s\n", fixture_error.text, expected);
        deck_destroy(deck);
    }
}

#define ASSERT_REFUSED(cases) assert_refused(cases, sizeof(cases) / sizeof *(cases))

#endif
