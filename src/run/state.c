#include "state.h"

#include <string.h>

enum { RUN_STATE_VERSION = 5 };

static void put_text(struct buffer *out, const char *text)
{
    buffer_put_bytes(out, text, strlen(text));
}

void state_save(const struct run_state *state, const struct state_origin *origin,
                const struct fingerprint *fingerprints, struct buffer *out)
{
    buffer_put_i64(out, RUN_STATE_VERSION);
    put_text(out, origin->deck_hash);
    put_text(out, origin->topic);
    put_text(out, origin->cluster_id);
    buffer_put_i64(out, origin->partitions);
    buffer_put_i64(out, state->window);
    buffer_put_i64(out, state->rows);
    buffer_put_i64(out, state->dead_letters_bytes);
    buffer_put_i64(out, state->alerts.size);
    put_text(out, state->alerts.digest);
    buffer_put_i64(out, state->revisions);
    buffer_put_f64(out, state->heat_in);
    buffer_put_u8(out, state->provisional);
    buffer_put_i64(out, state->past_window);
    buffer_put_f64(out, state->past_heat_in);
    buffer_put_i64(out, state->journal.lines);
    buffer_put_i64(out, state->journal.crc);
    for (int p = 0; p < origin->partitions; p++) {
        buffer_put_i64(out, fingerprints[p].offset);
        buffer_put_i64(out, fingerprints[p].crc);
    }
}

static bool text_is(struct buffer_reader *reader, const char *expected, char *found, size_t size)
{
    size_t length;
    const uint8_t *bytes = buffer_get_bytes(reader, &length);
    size_t kept = length < size - 1 ? length : size - 1;
    memcpy(found, bytes, kept);
    found[kept] = '\0';
    return length == strlen(expected) && memcmp(bytes, expected, length) == 0;
}

static enum status check_origin(struct buffer_reader *reader, const struct state_origin *origin,
                                struct error *err)
{
    char found[256];
    if (buffer_get_i64(reader) != RUN_STATE_VERSION || reader->failed)
        return error_set(err, STATUS_BAD_DATA, "the checkpoint was written by another version");
    if (!text_is(reader, origin->deck_hash, found, sizeof found))
        return error_set(
            err, STATUS_BAD_DECK,
            "the deck, its schema or its sensor table differs from the one the run began "
            "with in a value that decides its "
            "results (compare with config.yaml in the run directory); use another "
            "run.id, or --restart=none to begin anew");
    if (!text_is(reader, origin->topic, found, sizeof found))
        return error_set(err, STATUS_BAD_DATA, "the run was reading %s, the deck now says %s",
                         found, origin->topic);
    if (!text_is(reader, origin->cluster_id, found, sizeof found))
        return error_set(err, STATUS_BAD_DATA,
                         "the run was reading from Kafka cluster %s, this is cluster %s", found,
                         origin->cluster_id);
    int64_t partitions = buffer_get_i64(reader);
    if (partitions != origin->partitions)
        return error_set(
            err, STATUS_BAD_DATA,
            "%s had %lld partitions when the run began, it has %d now: keys have moved "
            "between them, and the run's clocks are of those it knew; begin anew with "
            "another run.id or --restart=none",
            origin->topic, (long long)partitions, origin->partitions);
    return STATUS_OK;
}

/* None, or 32 digits. */
static void get_digest(struct buffer_reader *reader, char hex[HASH_HEX_SIZE])
{
    size_t length;
    const uint8_t *bytes = buffer_get_bytes(reader, &length);
    memset(hex, 0, HASH_HEX_SIZE);
    if (length == HASH_HEX_SIZE - 1)
        memcpy(hex, bytes, length);
    reader->failed = reader->failed || strspn(hex, "0123456789abcdef") != length;
}

enum status state_load(struct buffer_reader *reader, const struct state_origin *origin,
                       struct run_state *state, struct fingerprint *fingerprints, struct error *err)
{
    TRY(check_origin(reader, origin, err));
    struct run_state loaded;
    loaded.window = buffer_get_i64(reader);
    loaded.rows = buffer_get_tally(reader);
    loaded.dead_letters_bytes = buffer_get_tally(reader);
    loaded.alerts.size = buffer_get_tally(reader);
    get_digest(reader, loaded.alerts.digest);
    loaded.revisions = buffer_get_tally(reader);
    loaded.heat_in = buffer_get_f64(reader);
    loaded.provisional = buffer_get_u8(reader);
    loaded.past_window = buffer_get_i64(reader);
    loaded.past_heat_in = buffer_get_f64(reader);
    loaded.journal.lines = buffer_get_tally(reader);
    loaded.journal.crc = buffer_get_i64(reader);
    for (int p = 0; p < origin->partitions; p++) {
        fingerprints[p].offset = buffer_get_i64(reader);
        fingerprints[p].crc = (uint32_t)buffer_get_i64(reader);
    }
    if (reader->failed)
        return error_set(err, STATUS_BAD_DATA, "the state in the checkpoint is cut short");
    *state = loaded;
    return STATUS_OK;
}
