/* Named places of the program at which a test has it killed, held, or refused by the kernel.
 *
 * heatstream-failing is made of the objects of heatstream and of this folder; nothing is compiled
 * differently. Places are of two kinds: steps of the program, whose calls the linker leads through
 * steps.c, and system calls on the files of a run directory, also those that HDF5 and MPI make,
 * which calls.c takes over from the C library. The variable HEATSTREAM_FAIL says what happens:
 *
 *     list                     prints all points, a line each, and leaves; those of system calls
 *                              have a dot in their name
 *     trace:FILE               appends "RANK POINT TIMES" to FILE for each point reached
 *     POINT:COUNT:ACTION@RANK  acts when RANK reaches POINT for the COUNT-th time; without @RANK,
 *                              each rank does; with + after COUNT, every time from then on
 *
 * Actions: kill-before and kill-after the call, by SIGKILL; hold, by SIGSTOP before it; stall, the
 * thread alone, before it and for as long as there is a file $FAILPOINT_STALL; spoil, which makes
 * the outcome of scatter_heat wrong by a millionth; and of system calls: kill-half, after half of
 * what was to be written; short, which writes that half and says so; ENOSPC, EIO, EDQUOT. What
 * cannot be obeyed ends the program with 64. */
#ifndef HEATSTREAM_TESTS_FAILPOINT_H
#define HEATSTREAM_TESTS_FAILPOINT_H

#include <stdbool.h>
#include <stddef.h>

struct failpoint;

/* A call in progress. */
struct failpoint_visit {
    struct failpoint *point; /* NULL: of no interest */
    bool acts;               /* this is the time that was asked for */
};

/* The point "step", or "file.call"; NULL when there is none of that name. */
struct failpoint *failpoint_find(const char *file, const char *call);

/* Before the call, which may not come to that, and after it. */
struct failpoint_visit failpoint_enter(struct failpoint *point);
void failpoint_leave(struct failpoint_visit visit);

/* True when the call is to fail, with errno set. */
bool failpoint_refuses(struct failpoint_visit visit);

/* True when the outcome of the call is to be made wrong. */
bool failpoint_spoils(struct failpoint_visit visit);

/* How much of `size` a write is to write. */
size_t failpoint_part(struct failpoint_visit visit, size_t size);

#endif
