/* The schema Avro events were written with: the types an .avsc file declares.
 *
 * Avro specification 1.12, "Schema Declaration"; `aliases`, `default`, `doc` and `order` say
 * nothing of how data lie in a message and are passed over. A schema that contradicts itself is
 * refused: a key twice in one object, a name that is none or is defined twice, a union in a union
 * or with two branches of one type. Types are nested at most 64 levels. */
#ifndef HEATSTREAM_WIRE_AVRO_SCHEMA_H
#define HEATSTREAM_WIRE_AVRO_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct avro_schema;

/* STATUS_NO_INPUT when the file cannot be read. STATUS_BAD_DECK names the file and the place in it:
 * line and column of what is no JSON, else the field. The outermost type has to be a record. */
enum status avro_schema_load(const char *path, struct avro_schema **schema,
                             struct error *err) MUST_CHECK;

/* The same from memory; `name` stands for the file in messages. */
enum status avro_schema_parse(const char *name, const uint8_t *text, size_t size,
                              struct avro_schema **schema, struct error *err) MUST_CHECK;
void avro_schema_destroy(struct avro_schema *schema); /* accepts NULL */

/* The name of the record, with its namespace. */
const char *avro_schema_fullname(const struct avro_schema *schema);

/* XXH3-128 of the file's bytes in canonical hex. */
const char *avro_schema_digest(const struct avro_schema *schema);

#endif
