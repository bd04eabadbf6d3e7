#include "solve/kernel.h"

#define LANES 2
#define SOUTH 1, 2
#define ON_TARGET
#define STORE_PAST_CACHE(at, value) (*(vector *)(at)) = (value)
#define FENCE() (void)0
#define NAMED(name) name##_2
#include "kernel_width.h"

static const struct kernel kernel_baseline = {"baseline", bundle_2, heat_again_2, plane_2, add_2};

#if defined(__x86_64__)
#include <immintrin.h>

#define LANES 4
#define SOUTH 3, 4, 5, 6
#define ON_TARGET __attribute__((target("avx2")))
#define STORE_PAST_CACHE(at, value) _mm256_stream_pd(at, value)
#define FENCE() _mm_sfence()
#define NAMED(name) name##_4
#include "kernel_width.h"

#define LANES 8
#define SOUTH 7, 8, 9, 10, 11, 12, 13, 14
#define ON_TARGET __attribute__((target("avx512f")))
#define STORE_PAST_CACHE(at, value) _mm512_stream_pd(at, value)
#define FENCE() _mm_sfence()
#define NAMED(name) name##_8
#include "kernel_width.h"

static const struct kernel kernel_avx2 = {"avx2", bundle_4, heat_again_4, plane_4, add_4};
static const struct kernel kernel_avx512 = {"avx512", bundle_8, heat_again_8, plane_8, add_8};

const struct kernel *kernel_at(int position)
{
    bool wide = __builtin_cpu_supports("avx512f"), middle = __builtin_cpu_supports("avx2");
    if (wide && position-- == 0)
        return &kernel_avx512;
    if (middle && position-- == 0)
        return &kernel_avx2;
    return position == 0 ? &kernel_baseline : NULL;
}
#else
const struct kernel *kernel_at(int position)
{
    return position == 0 ? &kernel_baseline : NULL;
}
#endif
