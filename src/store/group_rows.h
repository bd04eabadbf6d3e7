/* The regions, relations and alerts of a frames file, row by row. As frames_read.h: local, without
 * MPI, in a process of its own. */
#ifndef HEATSTREAM_STORE_GROUP_ROWS_H
#define HEATSTREAM_STORE_GROUP_ROWS_H

#include "panels.h"

struct group_rows;

/* The file stays open while this is; the groups are borrowed. STATUS_BAD_DATA when the file does
 * not have them, with `rows` rows each. */
enum status group_rows_open(hid_t file, const struct frames_groups *groups, int64_t rows,
                            struct group_rows **opened, struct error *err) MUST_CHECK;
void group_rows_close(struct group_rows *rows); /* accepts NULL */

/* The values of row->row, those of row->values until the next call. */
enum status group_rows_read(struct group_rows *rows, struct panels_row *row,
                            struct error *err) MUST_CHECK;

/* A thing whose values are not those that its digest was taken of. */
struct group_fault {
    int group, item;
    int panel;        /* of the group; panel_count: the digest itself; GROUP_FAULT_ANY: unknown */
    uint8_t whole[8]; /* what it was, as it lies in the file, when the panel is known */
};

enum { GROUP_FAULT_ANY = -1 };

/* The next fault, after *fault (begin with group 0, item -1), of the row that was read last; false:
 * no more. Groups without digests have no faults. The panel is not known yet. */
bool group_rows_fault(struct group_rows *rows, const struct panels_row *row,
                      struct group_fault *fault);

/* Which value is wrong: known where one other byte in it, or in the digest, makes both agree again,
 * which by 64 bits is no accident. Some ten thousand digests are tried. */
void group_rows_locate(struct group_rows *rows, const struct panels_row *row,
                       struct group_fault *fault);

/* In words: dataset, the thing's name, both values as far as they are known. */
void group_rows_explain(struct group_rows *rows, const struct panels_row *row,
                        const struct group_fault *fault, char text[256]);

/* Where the value, of which the panel is known, lies in the file, and its bytes there, at most 8.
 * STATUS_BAD_DATA: in a chunk that is compressed. */
struct group_place {
    int64_t at, size;
};
enum status group_rows_place(struct group_rows *rows, int64_t row, const struct group_fault *fault,
                             struct group_place *place, struct error *err) MUST_CHECK;

#endif
