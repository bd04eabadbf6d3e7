/* A plan from the inside: the tree of what follows what in a body. */
#ifndef HEATSTREAM_WIRE_AVRO_NODES_H
#define HEATSTREAM_WIRE_AVRO_NODES_H

#include <stddef.h>
#include <stdint.h>

#include "avro_types.h"
#include "wire/avro_plan.h"

/* AVRO_FIELD_ID takes the place of AVRO_FIELD_X in a plan with identifiers. */
enum { AVRO_FIELD_TIME, AVRO_FIELD_X, AVRO_FIELD_Y, AVRO_FIELD_VALUE, AVRO_FIELDS };
enum { AVRO_FIELD_ID = AVRO_FIELD_X, AVRO_FIELD_NONE = -1 };

struct avro_list;

/* One value of a body. Written by avro_plan.c; shared where a type contains itself. */
struct avro_node {
    enum avro_kind kind;            /* AVRO_NULL for everything that takes no bytes */
    int8_t field;                   /* which field of the event it is, AVRO_FIELD_NONE: none */
    uint8_t reaches;                /* bit 1 << f: a field f may be in it */
    enum time_unit unit;            /* of AVRO_FIELD_TIME */
    int64_t size;                   /* bytes of a fixed, symbols of an enum */
    const struct avro_list *inside; /* members of a record that take bytes, branches, items */
};

struct avro_list {
    struct avro_list *next; /* of the plan's, to be freed */
    int count;
    struct avro_node nodes[];
};

struct avro_plan {
    struct avro_node event;
    struct avro_list *lists;
};

#endif
