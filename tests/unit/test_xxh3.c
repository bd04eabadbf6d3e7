#include "base/xxh3.h"

#include "splitmix.h"
#include "unit.h"

enum { LONGEST = 5000, PIECES = 7 };

static unsigned char bytes[LONGEST + 3];

static void fill(void)
{
    uint64_t state = 1;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)next_random(&state);
}

/* Each kernel has its own cases of length; vectors begin at any address. */
static void every_length_has_the_digest_of_the_plain_function(void)
{
    int wrong = 0;
    fill();
    for (size_t size = 0; size <= LONGEST; size++) {
        const void *data = bytes + size % 4;
        wrong += !XXH128_isEqual(xxh3_128(data, size), XXH3_128bits(data, size));
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void bytes_in_pieces_have_the_digest_of_all_of_them(void)
{
    XXH3_state_t *state = XXH3_createState();
    uint64_t random = 2;
    int wrong = 0;
    fill();
    for (int turn = 0; turn < 200; turn++) {
        size_t size = 0;
        XXH3_128bits_reset(state);
        for (int piece = 0; piece < PIECES; piece++) {
            size_t more = next_random(&random) % (LONGEST / PIECES);
            xxh3_128_add(state, bytes + size, more);
            size += more;
        }
        wrong += !XXH128_isEqual(XXH3_128bits_digest(state), XXH3_128bits(bytes, size));
    }
    CU_ASSERT_EQUAL(wrong, 0);
    XXH3_freeState(state);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_length_has_the_digest_of_the_plain_function),
        UNIT_TEST(bytes_in_pieces_have_the_digest_of_all_of_them),
    };
    return unit_run("xxh3", tests, UNIT_COUNT(tests));
}
