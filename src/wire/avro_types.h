/* The types of an Avro schema as a graph: a record may contain itself. */
#ifndef HEATSTREAM_WIRE_AVRO_TYPES_H
#define HEATSTREAM_WIRE_AVRO_TYPES_H

#include <jansson.h>
#include <stdbool.h>

#include "wire/avro_schema.h"

enum { AVRO_LEVELS = 64 };

enum avro_kind {
    AVRO_NULL,
    AVRO_BOOLEAN,
    AVRO_INT,
    AVRO_LONG,
    AVRO_FLOAT,
    AVRO_DOUBLE,
    AVRO_BYTES,
    AVRO_STRING,
    AVRO_RECORD,
    AVRO_ENUM,
    AVRO_ARRAY,
    AVRO_MAP,
    AVRO_UNION,
    AVRO_FIXED,
    AVRO_KINDS
};

/* A field of a record, a branch of a union, or the items of an array or map. */
struct avro_member {
    const char *name; /* of a field, else NULL */
    const struct avro_type *type;
};

/* Written by avro_types.c; the strings but `name` are of the JSON. */
struct avro_type {
    enum avro_kind kind;
    bool empty;          /* its values take no bytes */
    char *name;          /* of a record, enum or fixed, with namespace, owned; else NULL */
    const char *logical; /* the logicalType, or NULL */
    int64_t size;        /* bytes of a fixed, symbols of an enum */
    struct avro_member *members;
    int member_count;
    int index; /* in the list of all */
};

/* Zero-initialised is empty. */
struct avro_types {
    struct avro_type **items;
    int count, capacity;
};

/* Adds the types a schema declares; the outermost one, a record, is *root. STATUS_BAD_DECK names
 * the file and the field. `json` has to live as long as the types. */
enum status avro_types_read(struct avro_types *types, const char *file, const json_t *json,
                            const struct avro_type **root, struct error *err) MUST_CHECK;
void avro_types_release(struct avro_types *types);

const struct avro_type *avro_schema_root(const struct avro_schema *schema);
int avro_schema_type_count(const struct avro_schema *schema);
const char *avro_schema_file(const struct avro_schema *schema);

/* `record`, `long`, … */
const char *avro_kind_name(enum avro_kind kind);

#endif
