#include "check_memory.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/arith.h"
#include "grid/domain.h"
#include "solve/choice.h"
#include "solve/memory.h"
#include "solve/snapshots.h"

enum {
    MOST_RANKS = 1024, /* in the table, if not asked for */
    EVENT_BYTES = 40   /* of a kept event, with its place in the order of its window */
};

const char *check_bytes(double bytes, char *text)
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    int i = 0;
    for (; bytes >= 1024 && i < 6; i++)
        bytes /= 1024;
    snprintf(text, 32, i ? "%.1f %s" : "%.0f %s", bytes, unit[i]);
    return text;
}

/* Chunks at the upper and right edge are stored whole. */
double check_frame_bytes(const struct deck *deck)
{
    int64_t tile_x = min_int64(deck->frames.tile, deck->grid.nx);
    int64_t tile_y = min_int64(deck->frames.tile, deck->grid.ny);
    int64_t tiles =
        ((deck->grid.nx + tile_x - 1) / tile_x) * ((deck->grid.ny + tile_y - 1) / tile_y);
    return (double)tiles * (double)tile_x * (double)tile_y *
           (deck->frames.dtype == DECK_F32 ? 4 : 8);
}

static int64_t cells_of(const struct deck *deck)
{
    return deck->grid.nx * deck->grid.ny;
}

static int spacing_of(const struct deck *deck)
{
    return snapshots_spacing((int)deck->stream.horizon_windows, cells_of(deck),
                             deck->solve.snapshot_memory);
}

static int count_snapshots(const struct deck *deck)
{
    return snapshots_count((int)deck->stream.horizon_windows, spacing_of(deck));
}

static void print_memory_for(const struct deck *deck, int substeps, int ranks)
{
    char fields[32], snapshots[32], heat[32];
    struct solver_config config = {.substeps = substeps,
                                   .windows = choice_windows(deck->frames.every, spacing_of(deck)),
                                   .steps_per_sweep = (int)deck->solve.steps_per_sweep,
                                   .halo_depth = (int)deck->solve.halo_depth};
    struct domain_cut cut = domain_cut(deck->grid.nx, ranks, deck->frames.tile);
    struct solver_memory memory =
        solver_memory_of(&cut, (int)deck->grid.ny, &config, count_snapshots(deck));
    printf("  %7d %8d %11s %11s %11s\n", ranks, memory.columns, check_bytes(memory.fields, fields),
           check_bytes(memory.snapshots, snapshots), check_bytes(memory.heat, heat));
}

void check_print_memory(const struct deck *deck, int substeps, int asked)
{
    printf("memory      of the widest slab (heat: reserved, and used as cells are heated):\n"
           "    ranks  columns      fields   snapshots        heat\n");
    bool shown = asked == 0;
    for (int64_t ranks = 1; ranks <= min_int64(deck->grid.nx, MOST_RANKS); ranks *= 2) {
        if (!shown && asked <= ranks) {
            print_memory_for(deck, substeps, asked);
            shown = true;
        }
        if (ranks != asked)
            print_memory_for(deck, substeps, (int)ranks);
    }
    if (!shown)
        print_memory_for(deck, substeps, asked);
}

/* Of closed windows, those that may have to be stepped again and those whose events they need. */
static int64_t windows_kept(const struct deck *deck)
{
    return deck->stream.horizon_windows + spacing_of(deck) - 1 + deck->stream.hold +
           deck->stream.span - 1;
}

static void print_snapshots(const struct deck *deck)
{
    char bytes[32], budget[32];
    double needed = (double)count_snapshots(deck) * sizeof(double) * (double)cells_of(deck);
    printf("correction  %d snapshots of the field, %d window%s apart: %s in all",
           count_snapshots(deck), spacing_of(deck), spacing_of(deck) == 1 ? "" : "s",
           check_bytes(needed, bytes));
    if (needed > (double)deck->solve.snapshot_memory)
        printf(", the least there can be; solve.snapshot_memory is %s",
               check_bytes((double)deck->solve.snapshot_memory, budget));
    printf("\n");
}

void check_print_correction(const struct deck *deck, double events_a_window)
{
    char bytes[32];
    print_snapshots(deck);
    printf("            late events of one close step at most %" PRId64 " windows again\n",
           deck->stream.horizon_windows + spacing_of(deck) - 1);
    printf("            events of the last %" PRId64 " windows are kept on rank 0: ",
           windows_kept(deck));
    if (events_a_window > 0)
        printf("%s\n",
               check_bytes(EVENT_BYTES * events_a_window * (double)windows_kept(deck), bytes));
    else
        printf("%d bytes each\n", EVENT_BYTES);
}
