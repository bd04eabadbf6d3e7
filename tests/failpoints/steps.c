/* Steps of the program as failure points. The linker is told --wrap for each: what calls NAME gets
 * __wrap_NAME, and what is NAME is __real_NAME. */
#include "failpoint.h"
#include "grid/halo.h"
#include "grid/scatter.h"
#include "ingest/dead_letters.h"
#include "ingest/source.h"
#include "ingest/temperature_topic.h"
#include "solve/snapshots.h"
#include "store/checkpoint.h"
#include "store/early_frame.h"
#include "store/frames_flush.h"
#include "store/journal.h"
#include "store/manifest_write.h"

/* A millionth more than came in, of what a rank has got to deposit in a memory of its own. */
static void spoil_heat(const struct slab_heat *mine, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        ((struct slab_heat *)mine)[i].rate *= 1 + 1e-6;
}

/* The second declaration of a step beside its header's lets the compiler see that they agree. */
#define STEP_SPOILED(name, type, parameters, arguments, spoil)                                     \
    type name parameters;                                                                          \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        struct failpoint_visit visit = failpoint_enter(failpoint_find(#name, ""));                 \
        type result = __real_##name arguments;                                                     \
        if (failpoint_spoils(visit)) {                                                             \
            spoil;                                                                                 \
        }                                                                                          \
        failpoint_leave(visit);                                                                    \
        return result;                                                                             \
    }
#define STEP(name, type, parameters, arguments) STEP_SPOILED(name, type, parameters, arguments, )
#define STEP_VOID(name, parameters, arguments)                                                     \
    void name parameters;                                                                          \
    void __real_##name parameters;                                                                 \
    void __wrap_##name parameters;                                                                 \
    void __wrap_##name parameters                                                                  \
    {                                                                                              \
        struct failpoint_visit visit = failpoint_enter(failpoint_find(#name, ""));                 \
        __real_##name arguments;                                                                   \
        failpoint_leave(visit);                                                                    \
    }

#include "points.def"
