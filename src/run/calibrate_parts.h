/* The parts of a calibration; each is collective and fills its fields on rank 0. Internal. */
#ifndef HEATSTREAM_RUN_CALIBRATE_PARTS_H
#define HEATSTREAM_RUN_CALIBRATE_PARTS_H

#include <stdbool.h>

#include "grid/domain.h"
#include "run/machine.h"

/* Turns at a measurement, of which the fastest counts: at least 3, and more of short ones. */
struct calibrate_turns {
    double start_s;
    int count;
};
struct calibrate_turns calibrate_begin(void);
bool calibrate_another(struct calibrate_turns *turns); /* local */

/* The same decided on rank 0: collective. */
bool calibrate_another_of(MPI_Comm comm, struct calibrate_turns *turns);

/* calibrate_steps.c. STATUS_IO: memory is short. `world` is any domain over the ranks. */
enum status calibrate_steps(const struct domain *world, struct machine *machine,
                            struct error *err) MUST_CHECK;

/* calibrate_links.c: links, then the window. */
void calibrate_links(const struct domain *world, struct machine *machine);

/* calibrate_files.c: frames, checkpoints and fsync in `directory`, after the links. */
enum status calibrate_files(const struct domain *world, const char *directory,
                            struct machine *machine, struct error *err) MUST_CHECK;

#endif
