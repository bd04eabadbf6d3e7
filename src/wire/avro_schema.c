#include "wire/avro_schema.h"

#include <stdlib.h>
#include <string.h>

#include "avro_types.h"
#include "base/buffer.h"
#include "base/durable.h"
#include "base/hash.h"
#include "base/memory.h"

struct avro_schema {
    char *file;
    json_t *json; /* owns the names of fields and logical types */
    struct avro_types types;
    const struct avro_type *root;
    char digest[HASH_HEX_SIZE];
};

static enum status read_schema(struct avro_schema *schema, const uint8_t *text, size_t size,
                               struct error *err)
{
    json_error_t at;
    schema->json =
        json_loadb((const char *)text, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &at);
    if (!schema->json)
        return error_set(err, STATUS_BAD_DECK, "%s:%d:%d: %s", schema->file, at.line, at.column,
                         at.text);
    return avro_types_read(&schema->types, schema->file, schema->json, &schema->root, err);
}

enum status avro_schema_parse(const char *name, const uint8_t *text, size_t size,
                              struct avro_schema **schema, struct error *err)
{
    struct avro_schema *parsed = memory_zeroed(1, sizeof *parsed);
    parsed->file = memory_text(name);
    enum status status = read_schema(parsed, text, size, err);
    if (status != STATUS_OK) {
        avro_schema_destroy(parsed);
        return status;
    }
    hash_hex(text, size, parsed->digest);
    *schema = parsed;
    return STATUS_OK;
}

enum status avro_schema_load(const char *path, struct avro_schema **schema, struct error *err)
{
    struct buffer text = {0};
    enum status status = durable_read_file(path, &text, err);
    if (status == STATUS_OK)
        status = avro_schema_parse(path, text.data, text.size, schema, err);
    buffer_release(&text);
    return status;
}

void avro_schema_destroy(struct avro_schema *schema)
{
    if (!schema)
        return;
    avro_types_release(&schema->types);
    json_decref(schema->json);
    free(schema->file);
    free(schema);
}

const struct avro_type *avro_schema_root(const struct avro_schema *schema)
{
    return schema->root;
}

int avro_schema_type_count(const struct avro_schema *schema)
{
    return schema->types.count;
}

const char *avro_schema_file(const struct avro_schema *schema)
{
    return schema->file;
}

const char *avro_schema_fullname(const struct avro_schema *schema)
{
    return schema->root->name;
}

const char *avro_schema_digest(const struct avro_schema *schema)
{
    return schema->digest;
}
