/* Checkpoints on a disk that takes what it is given wrongly, and says nothing. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "checkpoint_world.h"

enum { SPOILED_BYTES = 1 << 19 };

/* Writes of this process until one of which a bit arrives wrongly; -1: none does. */
static long writes_until_spoiled = -1;

/* `from`, or a copy with a bit in its middle that is another one. */
static const void *spoiled(const void *from, size_t size, uint8_t copy[SPOILED_BYTES])
{
    if (writes_until_spoiled < 0 || writes_until_spoiled-- > 0 || size == 0 || size > SPOILED_BYTES)
        return from;
    memcpy(copy, from, size);
    copy[size / 2] ^= 16;
    return copy;
}

/* These take the place of the C library's, for HDF5 and Open MPI too. */
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    uint8_t copy[SPOILED_BYTES];
    return syscall(SYS_pwrite64, fd, spoiled(data, size, copy), size, offset);
}

ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t offset)
{
    uint8_t copy[SPOILED_BYTES];
    struct iovec written[64];
    if (count < 1 || count > 64)
        return syscall(SYS_pwritev, fd, pieces, count, offset, 0);
    memcpy(written, pieces, (size_t)count * sizeof *pieces);
    written[0].iov_base = (void *)(uintptr_t)spoiled(pieces[0].iov_base, pieces[0].iov_len, copy);
    return syscall(SYS_pwritev, fd, written, count, offset, 0);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset)
{
    return pwrite(fd, data, size, offset);
}

ssize_t pwritev64(int fd, const struct iovec *pieces, int count, off_t offset)
{
    return pwritev(fd, pieces, count, offset);
}

/* Whatever counts can be gone on from; `victim`'s writes arrive wrongly, one after the other.
 * Returns how many were noticed. */
static int spoil_each(struct saved *saved, int victim)
{
    const struct domain *domain = saved->world.domain;
    bool equal, reached = true;
    int noticed = 0;
    for (long count = 0; reached; count++) {
        struct error err = {""};
        bool spoils = domain->rank == victim;
        writes_until_spoiled = spoils ? count : -1;
        enum status status = save(saved, 20, &err);
        reached = spoils && writes_until_spoiled < 0;
        writes_until_spoiled = -1;
        MPI_Bcast(&reached, 1, MPI_C_BOOL, victim, domain->comm);
        noticed += status != STATUS_OK;
        CU_ASSERT(status == STATUS_OK || status == STATUS_IO);
        CU_ASSERT(reached || status == STATUS_OK);
        CU_ASSERT_EQUAL(load(domain, saved->path, NULL, 20, &equal, &err), STATUS_OK);
        CU_ASSERT(equal);
    }
    return noticed;
}

static void write_that_arrives_wrongly_is_noticed_before_the_checkpoint_counts(void)
{
    struct saved saved = saved_make(20, false);
    CU_ASSERT(spoil_each(&saved, 0) >= 6); /* fields, outflows, state, seal at least */
    saved_destroy(&saved);
}

static void so_is_that_of_a_rank_that_writes_its_part_of_the_fields(void)
{
    struct saved saved = saved_make_of(20, false, HIGH);
    CU_ASSERT(spoil_each(&saved, saved.world.domain->ranks - 1) >= 2);
    saved_destroy(&saved);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(write_that_arrives_wrongly_is_noticed_before_the_checkpoint_counts),
        UNIT_TEST(so_is_that_of_a_rank_that_writes_its_part_of_the_fields),
    };
    return mpi_unit_run(&argc, &argv, "spoiled checkpoint", tests, UNIT_COUNT(tests));
}
