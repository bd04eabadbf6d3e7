#include "wire/rows.h"

#include <stdlib.h>

#include "base/memory.h"
#include "row_fault.h"
#include "wire/line_file.h"

enum { LINES_MAX = 1024 };

struct rows {
    struct line_file *file;
    struct decoder *decoder;
    struct row_reading reading;
    char *names[CSV_FIELDS];
    struct line lines[LINES_MAX];
    int count, at;
    int64_t line; /* of the row handed over last */
    char fault[ROW_FAULT_BYTES];
};

static void copy_names(struct rows *rows, const struct decoder_config *config)
{
    const bool table = config->sensors != NULL;
    const char *names[CSV_FIELDS] = {[ROW_TIME] = config->field_time,
                                     [ROW_X] = table ? config->field_id : config->field_x,
                                     [ROW_Y] = table ? NULL : config->field_y,
                                     [ROW_VALUE] = config->field_value};
    for (int i = 0; i < CSV_FIELDS; i++)
        rows->names[i] = names[i] ? memory_text(names[i]) : NULL;
}

static void prepare(struct rows *rows, const struct decoder_config *decoding)
{
    struct decoder_config config = *decoding;
    copy_names(rows, decoding);
    rows->reading = (struct row_reading){.names = (const char *const *)rows->names,
                                         .unit = config.time_unit,
                                         .gnx = config.gnx,
                                         .gny = config.gny,
                                         .gen_limit = config.gen_limit};
    config.format = EVENT_CSV;
    config.csv_columns = NULL;
    config.csv_column_count = 0;
    config.avro = NULL;
    rows->decoder = decoder_create(&config);
    rows->line = 1;
}

static enum status read_header(struct rows *rows, const char *path, struct error *err)
{
    const char *header = line_file_header(rows->file);
    if (!header)
        return error_set(err, STATUS_NO_INPUT, "%s: its first line does not name columns", path);
    enum status status = decoder_set_csv(rows->decoder, 0, header, err);
    if (status == STATUS_OK)
        status = csv_read_header(header, rows->reading.names, &rows->reading.layout, err);
    return status == STATUS_OK ? STATUS_OK : error_prefix(err, status, "%s", path);
}

enum status rows_open(const char *path, const struct decoder_config *decoding, struct rows **opened,
                      struct error *err)
{
    struct rows *rows = memory_zeroed(1, sizeof *rows);
    prepare(rows, decoding);
    enum status status = line_file_open(path, &rows->file, err);
    if (status == STATUS_OK)
        status = read_header(rows, path, err);
    if (status != STATUS_OK) {
        rows_close(rows);
        return status;
    }
    *opened = rows;
    return STATUS_OK;
}

void rows_close(struct rows *rows)
{
    if (!rows)
        return;
    line_file_close(rows->file);
    decoder_destroy(rows->decoder);
    for (int i = 0; i < CSV_FIELDS; i++)
        free(rows->names[i]);
    free(rows);
}

static void read_row(struct rows *rows, const struct line *line, struct row *row)
{
    struct record record;
    const struct message message = {.value = line->text, .value_size = line->size};
    *row = (struct row){.line = rows->line};
    decoder_decode(rows->decoder, 0, &message, &record);
    if (record.verdict != FATE_ON_TIME) {
        row_fault_explain(&rows->reading, line, record.verdict, rows->fault);
        row->fault = rows->fault;
        return;
    }
    row->time_ms = record.time_ms;
    row->x = record.cell / rows->reading.gny;
    row->y = record.cell % rows->reading.gny;
    csv_split_line(&rows->reading.layout, line->text, line->size, row->cells);
}

enum status rows_next(struct rows *rows, struct row *row, bool *ended, struct error *err)
{
    if (rows->at == rows->count) {
        rows->at = 0;
        TRY(line_file_read(rows->file, LINES_MAX, rows->lines, &rows->count, err));
    }
    *ended = rows->count == 0;
    if (*ended)
        return STATUS_OK;
    rows->line++;
    read_row(rows, &rows->lines[rows->at++], row);
    return STATUS_OK;
}
