#include "wire/hot_gaps.h"

#include "wire/chance.h"

/* Inlined into a function per width of vectors, which the compiler makes of these loops. */
static inline __attribute__((always_inline)) bool follow(const struct hot_gaps *gaps,
                                                         int64_t y[HOT_GAPS_ABREAST])
{
    double logs[HOT_GAPS_ABREAST];
    const int64_t ny = gaps->ny;
    for (int i = 0; i < HOT_GAPS_ABREAST; i++) {
        uint64_t x = (uint64_t)(gaps->first + i);
        uint64_t counter = y[i] < 0 ? ~x : x * (uint64_t)ny + (uint64_t)y[i];
        uint64_t key = chance_hash(gaps->step_key, counter);
        logs[i] = chance_log(chance_uniform(chance_hash(key, CHANCE_OF_HEAT)));
    }
    int64_t least = ny;
    for (int i = 0; i < HOT_GAPS_ABREAST; i++) {
        double gap = logs[i] * gaps->scale, left = chance_real(ny - y[i] - 1);
        int32_t between = (int32_t)(gap < left ? gap : left); /* AVX2 knows no longer ones */
        y[i] += 1 + (int64_t)between;
        least = y[i] < least ? y[i] : least;
    }
    return least < ny;
}

static bool follow_baseline(const struct hot_gaps *gaps, int64_t y[HOT_GAPS_ABREAST])
{
    return follow(gaps, y);
}

#if defined(__x86_64__)
static __attribute__((target("avx2"))) bool follow_avx2(const struct hot_gaps *gaps,
                                                        int64_t y[HOT_GAPS_ABREAST])
{
    return follow(gaps, y);
}

static __attribute__((target("avx512f,avx512dq"))) bool follow_avx512(const struct hot_gaps *gaps,
                                                                      int64_t y[HOT_GAPS_ABREAST])
{
    return follow(gaps, y);
}

hot_gaps_follow *hot_gaps_way(int position)
{
    bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
    if (wide && position-- == 0)
        return follow_avx512;
    if (__builtin_cpu_supports("avx2") && position-- == 0)
        return follow_avx2;
    return position == 0 ? follow_baseline : NULL;
}
#else
hot_gaps_follow *hot_gaps_way(int position)
{
    return position == 0 ? follow_baseline : NULL;
}
#endif
