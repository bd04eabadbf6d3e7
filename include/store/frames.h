/* Temperature frames in parallel HDF5: segments frames/seg_NNNNNN.h5 and the virtual master
 * frames.h5 over them, CF and netCDF-4 conventions.
 *
 * Which segment holds a row: segments.h. A segment is made whole, under a temporary name, with
 * space for all its rows at fixed places (early allocation without filters, HDF5's implicit index;
 * a sparse file). While it is open it has all its rows, unwritten ones with window -1, and nothing
 * but raw data in place ever changes: a kill tears at most the row being written. The master says
 * how many rows there are; a segment closed at the end is cut to its rows. Every call is
 * collective over the domain unless said.
 *
 * Late events change rows that were published before. Such a row is overwritten in its place, and
 * while that goes on it may hold some cells of the new revision and some of the old, or be torn by
 * a kill. The manifest says when: a rewrite line comes before the first byte, the frame line of the
 * new revision when all ranks have written it (manifest.h); rows that a restart is to cut off are
 * announced in the same way. So at any time, also after a kill, a row of which the manifest said a
 * frame line last is whole and of that revision, and any other row counts for nothing until the run
 * goes on and restores it. Lines and rows both wait in the system's cache until the next
 * checkpoint: after a loss of power a row may be older or newer than its line, or torn. Then, and
 * for a reader without the manifest, /series/stored_digest is the proof: it agrees with the cells
 * of a row only if they are those of one revision. */
#ifndef HEATSTREAM_STORE_FRAMES_H
#define HEATSTREAM_STORE_FRAMES_H

#include <stdbool.h>

#include "store/digest.h"
#include "store/frames_groups.h"
#include "store/provenance.h"

/* One row of /series; on rank 0, written by run. */
struct frame_row {
    int64_t window, event_time_ms, revision;
    double change; /* largest one of a stored value by its corrections, 0: never corrected */
    bool final, complete;
    double t_min, t_max, t_mean, heat_content, heat_in, heat_out, heat_residual;
    int64_t events, late, missing, dead;
    struct digest digest; /* of u, f64 */
    double latency_ms;    /* wall clock at commit minus event time; no function of the content */
    const void *const *panels; /* of the groups (frames_groups.h); NULL without groups */
};

/* The same on every rank; strings are borrowed for frames_open(), the provenance until
 * frames_close(). */
struct frames_config {
    const char *directory; /* the run directory */
    const char *staging;   /* where files are made (staging.h); NULL: in the run directory */
    const char *run_id, *title;
    double dx, dy;
    bool f64;
    int64_t tile, per_segment;
    bool behind; /* a thread writes large frames, even where it has no processor of its own */
    int64_t horizon_rows; /* a segment is closed when this many newer rows exist: corrections */
    const struct provenance *provenance;
    struct frames_groups groups; /* borrowed until frames_close() */
};

struct frames;

/* What a rank whose slab has so many columns takes to write frames, in bytes; `behind`: where a
 * thread does. Pure. */
double frames_staging_bytes(int64_t columns, int64_t gny, bool f64, int64_t tile, bool behind);

/* Rank 0, local: replaces the segments that another run may still have open by copies, so that it
 * writes to nobody's: the newest, and those before it that corrections could reach. Before the
 * manifest is copied (rundir_enter()): whatever that run does to a row after its segment was
 * copied, the copy of the manifest then says, and the row is restored; the other way round a row
 * could be copied of which the manifest does not say yet that it is being rewritten. */
enum status frames_renew(const struct domain *domain, const struct frames_config *config,
                         struct error *err) MUST_CHECK;

/* Opens the frames of a run with its first `rows` rows (0: new). Later rows are cut off; segments
 * that hold none of the kept rows are deleted.
 * STATUS_CANNOT_CREATE, STATUS_IO; STATUS_BAD_DATA when kept rows are missing. The
 * domain is borrowed. */
enum status frames_open(const struct domain *domain, const struct frames_config *config,
                        int64_t rows, struct frames **frames, struct error *err) MUST_CHECK;

/* Writes row `index` <= number of rows: appends, or overwrites within the horizon (else
 * STATUS_BUG). `field` is the f64 field; it is converted and transposed here. `row` is read on
 * rank 0. *stored is the digest over the values as stored. What is appended may wait in memory for
 * more (frames_flush.h). */
enum status frames_write(struct frames *frames, int64_t index, const struct field *field,
                         const struct frame_row *row, struct digest *stored,
                         struct error *err) MUST_CHECK;

/* Overwrites row `index` < number of rows, which must be whole, by a correction of it (else as
 * above). Reads the stored values back first: row->change becomes, on every rank, the largest of
 * what it is, of what the row says, and of |new - old| over all stored values. */
enum status frames_revise(struct frames *frames, int64_t index, const struct field *field,
                          struct frame_row *row, struct digest *stored,
                          struct error *err) MUST_CHECK;

/* The offsets of the topic that rows were computed from, by partition; borrowed. */
struct frames_offsets {
    const char *topic;
    int partitions;
    const int64_t *first, *next, *lost; /* lost: how many in between were gone before being read */
};

/* The offsets the rows written so far were computed from. Rank 0's values count; stored at the next
 * flush. A segment made before the first call has no /kafka. Local. */
void frames_set_offsets(struct frames *frames, const struct frames_offsets *given);

/* Flushes, closes (checked) and frees, also after an earlier failure; accepts NULL. */
enum status frames_close(struct frames *frames, struct error *err) MUST_CHECK;

#endif
