/* The run deck: what the user asked for, typed, checked and complete.
 *
 * The fields are filled through the option table (options.h), one entry a key, from the defaults,
 * the YAML file, the environment (HEATSTREAM_GRID_NX=…) and the command line (-D grid.nx=…), in
 * that order. Strings are owned by the deck. No other module is ever handed the whole deck except
 * cli and run. */
#ifndef HEATSTREAM_DECK_DECK_H
#define HEATSTREAM_DECK_DECK_H

#include "base/buffer.h"
#include "base/status.h"
#include "deck/values.h"

struct deck_origin; /* where an option got its value: one an entry of the option table */

struct deck {
    char *path; /* of the deck file, for messages and relative file names */
    struct deck_origin *origins;
    struct {
        char *id, *title, *out;
        double lost_after_s, takeover_s, stop_s;
    } run;
    struct {
        int64_t nx, ny;
        double dx, dy;
    } grid;
    struct {
        double conductivity, gen_scale, initial;
        struct deck_side left, right, bottom, top;
    } physics;
    struct {
        int64_t window_ms, windows, substeps; /* substeps 0: auto */
        bool t0_auto;
        int64_t t0_ms;
    } time;
    struct {
        int source, format, idle;
        char *brokers, *topic, *dead_letter_topic;    /* the last may be NULL */
        char *oauth_token_file, *oauth_token_command; /* one or both are NULL */
        struct deck_list files, rdkafka, csv_columns;
        char *field_time, *field_x, *field_y, *field_value;
        char *field_id, *sensors; /* both or none are NULL */
        char sensors_digest[33];  /* XXH3-128 of the table's bytes in hex, "" without one */
        char *schema;             /* of the Avro formats; NULL: none */
        char schema_digest[33];   /* of its bytes, as sensors_digest */
        int64_t schema_id;        /* 0: none */
        int time_unit, estimate;
        int64_t early_ms; /* 0: no early pictures */
        int64_t idle_ms, disorder_ms, horizon_windows, jump_cells, jump_expiry;
        int64_t jump_ms; /* 0: auto */
        int64_t max_gap_windows, max_open_events, batch;
        int64_t dead_letter_file_bytes, dead_letter_files; /* files 0: all */
        int64_t span, hold;                                /* windows; hold 0: `missing: zero` */
        double gen_limit;
        bool dedup;
    } stream;
    struct {
        int64_t readers;
    } ingest;
    struct {
        int64_t every, tile, flush_every, per_segment;
        int dtype;
    } frames;
    struct {
        char *topic; /* may be NULL */
        struct deck_box region;
        int64_t every; /* frames */
    } temp;
    struct {
        int64_t every_windows, every_wall_s, keep;
        bool at_end;
    } checkpoint;
    struct {
        int64_t halo_depth, steps_per_sweep, snapshot_memory; /* the first two, 0: auto */
    } solve;
    struct deck_items regions, relations, alerts; /* regions.h */
    struct deck_list alert_command;               /* program and arguments; empty: none */
    char *alert_topic;                            /* may be NULL */
    struct {
        char *listen, *token_file, *metrics_file; /* may be NULL */
    } watch;
    struct {
        int64_t seed, start_ms, step_ms, steps, partitions;
        int partition_by, csv_times;
        char *csv; /* may be NULL */
        double probability, value, jitter_ms, delay_ms, dropout, duplicates;
        bool zeros;
    } gen;
    struct {
        int level, format;
        double every_s;
        int64_t file_bytes, files;
    } log;
};

/* A deck of defaults, then the file, the environment and `overrides` ("key=value") on top, then the
 * rules that tie options together (stability, sources that need files, …). STATUS_BAD_DECK carries
 * file:line:column of the key, or the name of the variable or option, and the nearest known key;
 * STATUS_NO_INPUT when the file cannot be read. */
enum status deck_load(const char *path, char *const *overrides, int override_count,
                      struct deck **deck, struct error *err) MUST_CHECK;
void deck_destroy(struct deck *deck); /* accepts NULL */

/* The effective deck as YAML that loads again to an equal one; secrets are shown as "***". */
void deck_print(const struct deck *deck, struct buffer *yaml);

/* XXH3-128 in hex over the options that decide the output; those a continued run may change (the
 * table says which) are left out. The sensor table and the schema count by what they hold. */
void deck_hash(const struct deck *deck, char hex[33]);

/* STATUS_BAD_DECK where `gen` cannot make events of the form the deck asks for, from its generator
 * or from gen.csv. A deck whose source is the generator has been asked already. */
enum status deck_check_generated(const struct deck *deck, struct error *err) MUST_CHECK;

/* Failure of a value that only shows later (too few columns for the ranks, …): file:line:column of
 * the key where the deck gave it, else the key alone, then the text. Returns STATUS_BAD_DECK. */
enum status deck_error(const struct deck *deck, const char *key, struct error *err,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
