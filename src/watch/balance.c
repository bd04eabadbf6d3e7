#include "watch/balance.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

/* Of row r at content[(r + 1) % places], of the beginning as if that were row -1. */
struct balance {
    int64_t places;
    double *content;
};

struct balance *balance_create(int64_t kept, double initial)
{
    struct balance *balance = memory_zeroed(1, sizeof *balance);
    balance->places = kept + 1;
    balance->content = memory_zeroed(balance->places, sizeof(double));
    balance->content[0] = initial;
    return balance;
}

void balance_destroy(struct balance *balance)
{
    if (!balance)
        return;
    free(balance->content);
    free(balance);
}

struct balance_error balance_take(struct balance *balance, const struct balance_row *row)
{
    double before = balance->content[row->row % balance->places];
    double residual = (row->content - before) - (row->in - row->out);
    double largest =
        fmax(fmax(fabs(before), fabs(row->content)), fmax(fabs(row->in), fabs(row->out)));
    balance->content[(row->row + 1) % balance->places] = row->content;
    return (struct balance_error){residual, largest > 0.0 ? fabs(residual) / largest : 0.0};
}

double balance_uniform(int64_t nx, int64_t ny, double temperature, double cell_area)
{
    double column = 0.0, sum = 0.0;
    for (int64_t y = 0; y < ny; y++)
        column += temperature;
    for (int64_t x = 0; x < nx; x++)
        sum += column;
    return sum * cell_area;
}

void balance_save(const struct balance *balance, struct buffer *out)
{
    buffer_put_i64(out, balance->places);
    for (int64_t i = 0; i < balance->places; i++)
        buffer_put_f64(out, balance->content[i]);
}

enum status balance_load(struct balance *balance, struct buffer_reader *reader, struct error *err)
{
    if (buffer_get_count(reader, sizeof(double)) != balance->places)
        return error_set(err, STATUS_BAD_DATA,
                         "the heat content of earlier frames in the checkpoint is not whole");
    for (int64_t i = 0; i < balance->places; i++)
        balance->content[i] = buffer_get_f64(reader);
    return STATUS_OK;
}
