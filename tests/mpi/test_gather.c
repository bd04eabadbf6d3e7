#include "grid/gather.h"

#include <math.h>
#include <string.h>

#include "mpi_unit.h"

enum { GUARD = 16 };

/* Its own number in every cell, so that one which went astray shows; the first is a negative zero.
 */
static double value_of(int64_t x, int64_t y)
{
    return x == 0 && y == 0 ? -0.0 : (double)x * 1000.0 + (double)y + 1.0 / 3.0;
}

static struct domain *make_domain(int64_t gnx, int64_t gny)
{
    struct domain *domain;
    struct error err;
    if (domain_create(MPI_COMM_WORLD, gnx, gny, 4, &domain, &err) != STATUS_OK)
        abort();
    return domain;
}

static struct field *make_field(const struct domain *domain, int ghosts, enum field_place place)
{
    struct field *field = field_create_deep(domain, NAN, ghosts, place);
    for (int i = 0; i < domain->nx; i++)
        for (int j = 0; j < domain->ny; j++)
            field_column(field, i)[j] = value_of(domain->x0 + i, j);
    return field;
}

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static int64_t cells_of(const struct cell_box *box)
{
    return (box->x1 - box->x0) * (box->y1 - box->y0);
}

/* Cells that are not what they should be, and cells written beyond the box. */
static int count_wrong(const struct cell_box *box, const double *cells)
{
    int wrong = 0;
    for (int64_t x = box->x0; x < box->x1; x++)
        for (int64_t y = box->y0; y < box->y1; y++)
            wrong += !same_bits(*cells++, value_of(x, y));
    for (int i = 0; i < GUARD; i++)
        wrong += !same_bits(cells[i], -7.0);
    return wrong;
}

/* The cells of the box that arrived. */
static int64_t check_piece(const struct domain *domain, struct gather *gather, int64_t piece,
                           const struct field *field)
{
    const struct cell_box box = gather_box_of(gather, piece);
    int64_t count = cells_of(&box) + GUARD;
    double *cells = domain->rank == 0 ? malloc((size_t)count * sizeof *cells) : NULL;
    for (int64_t i = 0; cells && i < count; i++)
        cells[i] = -7.0;
    gather_piece(gather, piece, field, cells);
    if (cells)
        CU_ASSERT_EQUAL(count_wrong(&box, cells), 0);
    free(cells);
    return cells_of(&box);
}

static void check_pieces(const struct domain *domain, const struct field *field,
                         struct cell_box box, int64_t most)
{
    struct gather *gather = gather_create(domain, &box, most);
    int64_t pieces = gather_pieces(gather), height = box.y1 - box.y0, x = box.x0;
    for (int repeat = 0; repeat < 2; repeat++) {
        int64_t cells = 0;
        for (int64_t piece = 0; piece < pieces; piece++) {
            int64_t got = check_piece(domain, gather, piece, field);
            CU_ASSERT(got <= most || got == height);
            cells += got;
        }
        CU_ASSERT_EQUAL(cells, cells_of(&box));
    }
    for (int64_t piece = 0; piece < pieces; piece++) {
        CU_ASSERT_EQUAL(gather_box_of(gather, piece).x0, x);
        x = gather_box_of(gather, piece).x1;
    }
    CU_ASSERT_EQUAL(x, box.x1);
    gather_destroy(gather);
}

static void check_box(const struct domain *domain, const struct field *field, struct cell_box box)
{
    check_pieces(domain, field, box, cells_of(&box));
}

static void every_box_arrives_whole_and_in_order(void)
{
    struct domain *domain = make_domain(13, 5);
    struct field *field = make_field(domain, 1, FIELD_FIRST);
    for (int64_t x0 = 0; x0 < 13; x0++)
        for (int64_t x1 = x0 + 1; x1 <= 13; x1++)
            for (int64_t y0 = 0; y0 < 5; y0 += 2)
                check_box(domain, field,
                          (struct cell_box){x0, y0, x1, y0 + 1 + (x1 + x0) % (5 - y0)});
    field_destroy(field);
    domain_destroy(domain);
}

static void a_field_with_more_ghosts_or_in_the_second_place_arrives_alike(void)
{
    struct domain *domain = make_domain(29, 70);
    struct field *first = make_field(domain, 3, FIELD_FIRST);
    struct field *second = make_field(domain, 2, FIELD_SECOND);
    check_box(domain, first, (struct cell_box){0, 0, 29, 70});
    check_box(domain, second, (struct cell_box){0, 0, 29, 70});
    check_box(domain, second, (struct cell_box){3, 65, 28, 70});
    field_destroy(first);
    field_destroy(second);
    domain_destroy(domain);
}

/* 8 TB in all, of which 8 MiB are asked for and none is touched. */
static void a_box_of_10_to_the_12_cells_has_pieces_that_fit(void)
{
    int64_t side = 1000000, most = 1 << 20, x = 0;
    struct domain *domain = make_domain(side, side);
    struct gather *gather = gather_create(domain, &(struct cell_box){0, 0, side, side}, most);
    for (int64_t piece = 0; piece < gather_pieces(gather); piece++) {
        struct cell_box box = gather_box_of(gather, piece);
        CU_ASSERT_FATAL(box.x0 == x && box.x1 > x && cells_of(&box) <= most);
        x = box.x1;
    }
    CU_ASSERT_EQUAL(x, side);
    gather_destroy(gather);
    domain_destroy(domain);
}

static void one_column_slabs_and_single_cells_arrive(void)
{
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    struct domain *domain = make_domain(ranks, 3);
    struct field *field = make_field(domain, 1, FIELD_FIRST);
    for (int64_t x = 0; x < ranks; x++)
        check_box(domain, field, (struct cell_box){x, 1, x + 1, 2});
    check_box(domain, field, (struct cell_box){0, 0, ranks, 3});
    field_destroy(field);
    domain_destroy(domain);
}

static void a_box_in_pieces_of_any_size_arrives_as_in_one(void)
{
    struct domain *domain = make_domain(29, 7);
    struct field *field = make_field(domain, 1, FIELD_FIRST);
    for (int64_t most = 1; most < 29 * 7 + 9; most += 3) {
        check_pieces(domain, field, (struct cell_box){0, 0, 29, 7}, most);
        check_pieces(domain, field, (struct cell_box){5, 2, 23, 6}, most);
    }
    field_destroy(field);
    domain_destroy(domain);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_box_arrives_whole_and_in_order),
        UNIT_TEST(a_field_with_more_ghosts_or_in_the_second_place_arrives_alike),
        UNIT_TEST(a_box_in_pieces_of_any_size_arrives_as_in_one),
        UNIT_TEST(a_box_of_10_to_the_12_cells_has_pieces_that_fit),
        UNIT_TEST(one_column_slabs_and_single_cells_arrive),
    };
    return mpi_unit_run(&argc, &argv, "gather", tests, UNIT_COUNT(tests));
}
