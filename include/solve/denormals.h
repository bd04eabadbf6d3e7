/* Flushing denormals, which the front of a spreading heat field is full of, and which are slow. */
#ifndef HEATSTREAM_SOLVE_DENORMALS_H
#define HEATSTREAM_SOLVE_DENORMALS_H

/* Sets FTZ and DAZ on the calling thread. Does nothing off x86: results there may differ from x86
 * in cells below 2.3e-308. */
void denormals_flush(void);

#endif
