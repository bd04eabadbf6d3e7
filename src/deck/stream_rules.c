#include "stream_rules.h"

#include <string.h>

#include "base/durable.h"
#include "base/hash.h"
#include "deck/options.h"

enum { FIELDS_MAX = 4, LEVELS_MAX = 64 };

/* A field that events of this deck have. */
struct field {
    const char *key, *name;
};

static int list_fields(const struct deck *deck, struct field fields[FIELDS_MAX])
{
    int count = 0;
    fields[count++] = (struct field){"stream.fields.time", deck->stream.field_time};
    if (deck->stream.sensors) {
        fields[count++] = (struct field){"stream.fields.id", deck->stream.field_id};
    } else {
        fields[count++] = (struct field){"stream.fields.x", deck->stream.field_x};
        fields[count++] = (struct field){"stream.fields.y", deck->stream.field_y};
    }
    fields[count++] = (struct field){"stream.fields.value", deck->stream.field_value};
    return count;
}

static enum status check_different(const struct deck *deck, struct error *err)
{
    struct field fields[FIELDS_MAX];
    int count = list_fields(deck, fields);
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++)
            if (!strcmp(fields[i].name, fields[j].name))
                return deck_error(deck, fields[i].key, err, "`%s` is already %s", fields[i].name,
                                  fields[j].key);
    return STATUS_OK;
}

static bool has_empty_part(const char *path)
{
    return *path == '.' || strstr(path, "..") || path[strlen(path) - 1] == '.';
}

static int count_parts(const char *path)
{
    int parts = 1;
    for (; *path; path++)
        parts += *path == '.';
    return parts;
}

/* True when `outer` is an object on the way to `inner`. */
static bool leads_to(const char *outer, const char *inner)
{
    size_t length = strlen(outer);
    return !strncmp(outer, inner, length) && inner[length] == '.';
}

static enum status check_paths(const struct deck *deck, struct error *err)
{
    struct field fields[FIELDS_MAX];
    int count = list_fields(deck, fields);
    for (int i = 0; i < count; i++) {
        const char *name = fields[i].name;
        if (has_empty_part(name))
            return deck_error(deck, fields[i].key, err, "`%s` has a part without a name", name);
        if (count_parts(name) > LEVELS_MAX)
            return deck_error(deck, fields[i].key, err,
                              "a path of %d parts, but events are nested at most %d levels",
                              count_parts(name), LEVELS_MAX);
        for (int j = 0; j < count; j++)
            if (leads_to(name, fields[j].name))
                return deck_error(deck, fields[i].key, err,
                                  "`%s` cannot be a value and lead to %s, `%s`", name,
                                  fields[j].key, fields[j].name);
    }
    return STATUS_OK;
}

static enum status check_columns(const struct deck *deck, struct error *err)
{
    const struct deck_list *columns = &deck->stream.csv_columns;
    struct field fields[FIELDS_MAX];
    int count = list_fields(deck, fields);
    if (columns->count > 0 && deck->stream.format != DECK_FORMAT_CSV)
        return deck_error(deck, "stream.csv_columns", err, "only for `format: csv`");
    for (int i = 0; i < count && columns->count > 0; i++) {
        int found = 0;
        for (int c = 0; c < columns->count; c++)
            found += !strcmp(columns->items[c], fields[i].name);
        if (found != 1)
            return deck_error(deck, "stream.csv_columns", err, "%s `%s`, which is %s",
                              found ? "has more than one" : "lacks", fields[i].name, fields[i].key);
    }
    return STATUS_OK;
}

static enum status check_binary(const struct deck *deck, struct error *err)
{
    int unit = deck->stream.time_unit;
    if (deck->stream.sensors)
        return deck_error(deck, "stream.sensors", err,
                          "binary events name cells, not sensors: `format: json`, `csv` or `avro`");
    if (unit == DECK_TIME_S || unit == DECK_TIME_ISO8601)
        return deck_error(deck, "stream.time_unit", err, "binary events have ms, us or ns");
    return STATUS_OK;
}

static bool is_avro(const struct deck *deck)
{
    return deck->stream.format == DECK_FORMAT_AVRO ||
           deck->stream.format == DECK_FORMAT_CONFLUENT_AVRO;
}

static enum status check_schema(const struct deck *deck, struct error *err)
{
    bool confluent = deck->stream.format == DECK_FORMAT_CONFLUENT_AVRO;
    if (!deck->stream.schema)
        return deck_error(deck, "stream.format", err,
                          "needs stream.schema, the schema the events were written with");
    if (confluent && !deck->stream.schema_id)
        return deck_error(deck, "stream.format", err,
                          "needs stream.schema_id, the schema registry's id of stream.schema");
    return STATUS_OK;
}

static enum status check_sensors(const struct deck *deck, struct error *err)
{
    if (deck->stream.sensors && !deck->stream.field_id)
        return deck_error(deck, "stream.sensors", err,
                          "needs stream.fields.id, the field that holds the identifier");
    if (deck->stream.field_id && !deck->stream.sensors)
        return deck_error(deck, "stream.fields.id", err,
                          "needs stream.sensors, the table of identifiers");
    return STATUS_OK;
}

bool stream_rules_generated(const struct deck *deck)
{
    return deck->stream.source == DECK_SOURCE_SYNTHETIC ||
           (deck->stream.source == DECK_SOURCE_KAFKA && !strcmp(deck->stream.brokers, "embedded"));
}

enum status stream_rules_check(const struct deck *deck, struct error *err)
{
    TRY(check_sensors(deck, err));
    TRY(check_different(deck, err));
    if (is_avro(deck))
        TRY(check_schema(deck, err));
    if (deck->stream.format == DECK_FORMAT_JSON || is_avro(deck))
        TRY(check_paths(deck, err));
    if (deck->stream.format == DECK_FORMAT_BINARY)
        TRY(check_binary(deck, err));
    TRY(check_columns(deck, err));
    return stream_rules_generated(deck) ? deck_check_generated(deck, err) : STATUS_OK;
}

static enum status check_flat(const struct deck *deck, struct error *err)
{
    struct field fields[FIELDS_MAX];
    int count = list_fields(deck, fields);
    for (int i = 0; i < count && deck->stream.format == DECK_FORMAT_JSON; i++)
        if (strchr(fields[i].name, '.'))
            return deck_error(deck, fields[i].key, err,
                              "`%s`: events are generated without nested objects", fields[i].name);
    return STATUS_OK;
}

enum status deck_check_generated(const struct deck *deck, struct error *err)
{
    int unit = deck->stream.time_unit;
    if (deck->gen.csv && is_avro(deck))
        return deck_error(deck, "stream.format", err,
                          "rows of gen.csv are sent as json, binary or csv");
    if (deck->gen.csv)
        return check_flat(deck, err);
    if (deck->stream.sensors)
        return deck_error(deck, "stream.sensors", err, "generated events name cells, not sensors");
    if (deck->stream.format == DECK_FORMAT_CSV)
        return deck_error(deck, "stream.format", err,
                          "events are generated as json, binary, avro or confluent-avro");
    if (unit != DECK_TIME_AUTO && unit != DECK_TIME_MS)
        return deck_error(deck, "stream.time_unit", err, "events are generated with times in ms");
    return check_flat(deck, err);
}

static enum status read_digest(const struct deck *deck, const char *key, const char *path,
                               char digest[HASH_HEX_SIZE], struct error *err)
{
    struct buffer text = {0};
    struct error reason;
    if (!path)
        return STATUS_OK;
    enum status status = durable_read_file(path, &text, &reason);
    if (status == STATUS_OK)
        hash_hex(text.data, text.size, digest);
    else
        status = deck_error(deck, key, err, "%s", reason.text);
    buffer_release(&text);
    return status;
}

enum status stream_rules_read_files(struct deck *deck, struct error *err)
{
    TRY(read_digest(deck, "stream.sensors", deck->stream.sensors, deck->stream.sensors_digest,
                    err));
    return read_digest(deck, "stream.schema", is_avro(deck) ? deck->stream.schema : NULL,
                       deck->stream.schema_digest, err);
}
