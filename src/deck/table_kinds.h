/* Entries of the option table by their type. Internal to table.c. */
#ifndef HEATSTREAM_DECK_TABLE_KINDS_H
#define HEATSTREAM_DECK_TABLE_KINDS_H

#define AT(field) offsetof(struct deck, field)
#define INT(key, field, fallback, min, max, unit, flags, doc)                                      \
    {                                                                                              \
        key, DECK_INT, AT(field), fallback, "", min, max, unit, flags, doc                         \
    }
#define AUTO(key, field, fallback, min, max, unit, flags, doc)                                     \
    {                                                                                              \
        key, DECK_INT_OR_AUTO, AT(field), fallback, "", min, max, unit, flags, doc                 \
    }
#define DOUBLE(key, field, fallback, min, max, unit, flags, doc)                                   \
    {                                                                                              \
        key, DECK_DOUBLE, AT(field), fallback, "", min, max, unit, flags, doc                      \
    }
#define BOOL(key, field, fallback, flags, doc)                                                     \
    {                                                                                              \
        key, DECK_BOOL, AT(field), fallback, "", 0, 0, "", flags, doc                              \
    }
#define ENUM(key, field, fallback, names, flags, doc)                                              \
    {                                                                                              \
        key, DECK_ENUM, AT(field), fallback, names, 0, 0, "", flags, doc                           \
    }
#define STRING(key, field, fallback, min, max, flags, doc)                                         \
    {                                                                                              \
        key, DECK_STRING, AT(field), fallback, "", min, max, "bytes", flags, doc                   \
    }
#define OR_NULL(key, field, min, max, flags, doc)                                                  \
    {                                                                                              \
        key, DECK_STRING_OR_NULL, AT(field), "null", "", min, max, "bytes", flags, doc             \
    }
#define SIDE(key, field, doc)                                                                      \
    {                                                                                              \
        key, DECK_SIDE, AT(field), "0", "", -HUGE_RANGE, HUGE_RANGE, "temperature", 0, doc         \
    }
#define LIST(key, field, flags, doc)                                                               \
    {                                                                                              \
        key, DECK_LIST, AT(field), "[]", "", 1, PATH_BYTES, "bytes", flags, doc                    \
    }
#define MAP(key, field, flags, doc)                                                                \
    {                                                                                              \
        key, DECK_MAP, AT(field), "{}", "", 0, PATH_BYTES, "bytes", flags, doc                     \
    }
#define HOLD(key, field, max, flags, doc)                                                          \
    {                                                                                              \
        key, DECK_HOLD, AT(field), "zero", "", 1, max, "windows", flags, doc                       \
    }
#define BOX(key, field, flags, doc)                                                                \
    {                                                                                              \
        key, DECK_BOX_OR_NULL, AT(field), "null", "", 0, 1e6, "cells", flags, doc                  \
    }
#define ITEMS(key, field, doc)                                                                     \
    {                                                                                              \
        key, DECK_ITEMS, AT(field), "[]", "", 0, 0, "", DECK_JUDGED, doc                           \
    }
#define CONSTANT(key, names, fallback, flags, doc)                                                 \
    {                                                                                              \
        key, DECK_CONSTANT, 0, fallback, names, 0, 0, "", flags, doc                               \
    }

#endif
