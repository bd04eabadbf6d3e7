#include "wire/decoding.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { COLUMN_BYTES_MIN = 9 };

void decoding_put_text(struct buffer *out, const char *text)
{
    buffer_put_u8(out, text != NULL);
    if (text)
        buffer_put_bytes(out, text, strlen(text) + 1);
}

const char *decoding_get_text(struct buffer_reader *reader)
{
    size_t size;
    if (!buffer_get_u8(reader))
        return NULL;
    const uint8_t *text = buffer_get_bytes(reader, &size);
    if (size > 0 && text[size - 1] == '\0')
        return (const char *)text;
    reader->failed = true;
    return NULL;
}

static void put_file(struct buffer *out, const struct decoding_file *file)
{
    decoding_put_text(out, file->name);
    if (file->name)
        buffer_put_bytes(out, file->bytes, file->size);
}

static struct decoding_file get_file(struct buffer_reader *reader)
{
    struct decoding_file file = {.name = decoding_get_text(reader)};
    if (file.name)
        file.bytes = buffer_get_bytes(reader, &file.size);
    return file;
}

static void put_avro_fields(struct buffer *out, const struct avro_fields *fields)
{
    decoding_put_text(out, fields->time);
    decoding_put_text(out, fields->value);
    decoding_put_text(out, fields->x);
    decoding_put_text(out, fields->y);
    decoding_put_text(out, fields->id);
    buffer_put_i64(out, fields->time_unit);
    buffer_put_u8(out, fields->unit_of_schema);
}

static struct avro_fields get_avro_fields(struct buffer_reader *reader)
{
    struct avro_fields fields;
    fields.time = decoding_get_text(reader);
    fields.value = decoding_get_text(reader);
    fields.x = decoding_get_text(reader);
    fields.y = decoding_get_text(reader);
    fields.id = decoding_get_text(reader);
    fields.time_unit = (enum time_unit)buffer_get_i64(reader);
    fields.unit_of_schema = buffer_get_u8(reader);
    return fields;
}

void decoding_save(const struct decoding *decoding, struct buffer *out)
{
    const struct decoder_config *config = &decoding->config;
    buffer_put_i64(out, config->format);
    decoding_put_text(out, config->field_time);
    decoding_put_text(out, config->field_x);
    decoding_put_text(out, config->field_y);
    decoding_put_text(out, config->field_value);
    decoding_put_text(out, config->field_id);
    buffer_put_i64(out, config->gnx);
    buffer_put_i64(out, config->gny);
    buffer_put_f64(out, config->gen_limit);
    buffer_put_i64(out, config->time_unit);
    buffer_put_i64(out, config->avro_schema_id);
    put_file(out, &decoding->sensors);
    put_file(out, &decoding->schema);
    put_avro_fields(out, &decoding->fields);
    buffer_put_i64(out, config->csv_column_count);
    for (int i = 0; i < config->csv_column_count; i++)
        decoding_put_text(out, config->csv_columns[i]);
}

static void get_config(struct buffer_reader *reader, struct decoder_config *config)
{
    config->format = (enum event_format)buffer_get_i64(reader);
    config->field_time = decoding_get_text(reader);
    config->field_x = decoding_get_text(reader);
    config->field_y = decoding_get_text(reader);
    config->field_value = decoding_get_text(reader);
    config->field_id = decoding_get_text(reader);
    config->gnx = buffer_get_i64(reader);
    config->gny = buffer_get_i64(reader);
    config->gen_limit = buffer_get_f64(reader);
    config->time_unit = (enum time_unit)buffer_get_i64(reader);
    config->avro_schema_id = buffer_get_i64(reader);
}

/* [csv_column_count], to be freed by the caller. */
static const char **get_columns(struct buffer_reader *reader, struct decoder_config *config)
{
    int64_t count = buffer_get_count(reader, COLUMN_BYTES_MIN);
    const char **columns = memory_zeroed(count, sizeof *columns);
    for (int64_t i = 0; i < count; i++)
        columns[i] = decoding_get_text(reader);
    config->csv_columns = columns;
    config->csv_column_count = (int)count;
    return columns;
}

static enum status make_plan(const struct decoding_file *file, const struct avro_fields *fields,
                             struct avro_plan **plan, struct error *err)
{
    struct avro_schema *schema;
    *plan = NULL;
    if (!file->name)
        return STATUS_OK;
    TRY(avro_schema_parse(file->name, file->bytes, file->size, &schema, err));
    enum status status = avro_plan_create(schema, fields, plan, err);
    avro_schema_destroy(schema);
    return status;
}

static enum status make_decoder(struct decoding *decoding, struct decoder **decoder,
                                struct error *err)
{
    struct decoder_config *config = &decoding->config;
    const struct decoding_file *table = &decoding->sensors;
    TRY(make_plan(&decoding->schema, &decoding->fields, &config->avro, err));
    enum status status = STATUS_OK;
    if (table->name)
        status = sensors_parse(table->name, table->bytes, table->size, config->gnx, config->gny,
                               &config->sensors, err);
    if (status == STATUS_OK)
        *decoder = decoder_create(config);
    else
        avro_plan_destroy(config->avro);
    return status;
}

enum status decoding_load(struct buffer_reader *reader, struct decoder **decoder, struct error *err)
{
    struct decoding decoding = {0};
    get_config(reader, &decoding.config);
    decoding.sensors = get_file(reader);
    decoding.schema = get_file(reader);
    decoding.fields = get_avro_fields(reader);
    const char **columns = get_columns(reader, &decoding.config);
    enum status status =
        reader->failed
            ? error_set(err, STATUS_BUG, "what a decoder is made of came in pieces from rank 0")
            : make_decoder(&decoding, decoder, err);
    free(columns);
    return status;
}
