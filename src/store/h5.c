#include "h5.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "store/claim.h"

struct h5_scope h5_begin(void)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return (struct h5_scope){.count = 0};
}

/* Upwards, the first entry is the innermost call: what really went wrong. */
static herr_t take_innermost(unsigned depth, const H5E_error2_t *entry, void *reason)
{
    if (depth == 0)
        snprintf(reason, sizeof((struct h5_scope *)0)->reason, "%s (HDF5, %s)",
                 entry->desc ? entry->desc : "failed", entry->func_name);
    return 0;
}

hid_t h5_check(struct h5_scope *scope, hid_t result)
{
    if (result < 0 && !scope->failed) {
        scope->failed = true;
        strcpy(scope->reason, "HDF5 gives no reason");
        H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_innermost, scope->reason);
    }
    return result;
}

hid_t h5_own(struct h5_scope *scope, hid_t id)
{
    h5_check(scope, id);
    if (id >= 0) {
        assert(scope->count < H5_SCOPE_IDS);
        scope->ids[scope->count++] = id;
    }
    return id;
}

void h5_take_failure(struct h5_scope *scope, const struct h5_scope *inner)
{
    if (!inner->failed || scope->failed)
        return;
    scope->failed = true;
    memcpy(scope->reason, inner->reason, sizeof scope->reason);
}

/* An unnamed file in memory. */
static int open_nowhere(void)
{
    char name[64];
    snprintf(name, sizeof name, "/heatstream-%ld", (long)getpid());
    int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd >= 0)
        shm_unlink(name);
    return fd;
}

static void point_nowhere(int *fd)
{
    int nowhere = open_nowhere();
    if (nowhere < 0)
        return;
    dup2(nowhere, *fd);
    close(nowhere);
}

/* What the file is to its driver: int * (SEC2) or MPI_File * (MPIO); NULL with another driver. */
static void *handle_of(hid_t file, hid_t driver)
{
    void *handle = NULL;
    hid_t access = H5Fget_access_plist(file);
    if (H5Pget_driver(access) != driver || H5Fget_vfd_handle(file, access, &handle) < 0)
        handle = NULL;
    H5Pclose(access);
    return handle;
}

/* A file that HDF5 cannot write out (disk full) cannot be closed either, and what stays open
 * crashes the process in MPI_Finalize. The file is lost anyway, so its remaining writes go to
 * memory. */
static void abandon(hid_t file, int *fd)
{
    point_nowhere(fd);
    /* After a failed flush the next one fails as well, for having begun already. */
    for (int i = 0; i < 3 && H5Fflush(file, H5F_SCOPE_LOCAL) < 0; i++)
        ;
}

static void abort_job(enum status status)
{
    int parallel = 0, code = status_exit_code(status);
    MPI_Initialized(&parallel);
    if (parallel)
        MPI_Abort(MPI_COMM_WORLD, code);
    _exit(code);
}

/* What the job leaves on the disk is what a kill would leave. */
static void end_job(const char *what, const char *path, const struct h5_scope *scope)
{
    struct error replaced;
    if (claim_explains(path, &replaced)) {
        log_error("%s", replaced.text);
        abort_job(STATUS_CANNOT_CREATE);
    }
    log_error("%s %s: %s", what, path, scope->reason);
    abort_job(STATUS_IO);
}

/* The last write to a parallel file is rank 0's, of its first bytes as they are. When that fails,
 * HDF5 forgets to meet the other ranks, and all wait for ever; so it is tried before. */
static void try_last_write(const char *path, struct h5_scope *closing)
{
    char start[64];
    int fd = open(path, O_RDWR | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : pread(fd, start, sizeof start, 0);
    if (size < 0 || pwrite(fd, start, (size_t)size, 0) != size) {
        snprintf(closing->reason, sizeof closing->reason, "%s", strerror(errno));
        end_job("closing", path, closing);
    }
    close(fd);
}

static bool is_first_rank(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank == 0;
}

/* HDF5 does not get over a written file that it failed to close, and would crash when it is shut
 * down. */
static void close_written(hid_t file)
{
    char path[PATH_MAX] = "a file";
    struct h5_scope closing = {.count = 0};
    (void)!H5Fget_name(file, path, sizeof path);
    if (handle_of(file, H5FD_MPIO) && is_first_rank())
        try_last_write(path, &closing);
    if (h5_check(&closing, H5Fclose(file)) < 0)
        end_job("closing", path, &closing);
}

/* Parallel files have no metadata to write, and ranks that failed make the same calls as the
 * others. */
static void close_file(struct h5_scope *scope, hid_t file)
{
    unsigned intent = H5F_ACC_RDONLY;
    int *fd = handle_of(file, H5FD_SEC2);
    bool written = H5Fget_intent(file, &intent) >= 0 && intent != H5F_ACC_RDONLY;
    if (fd && !scope->failed)
        h5_check(scope, H5Fflush(file, H5F_SCOPE_LOCAL));
    if (fd && scope->failed)
        abandon(file, fd);
    else if (fd && !written && H5Fget_obj_count(file, H5F_OBJ_ALL) == 1)
        point_nowhere(fd); /* nor over one that was read, where closing is of no account */
    if (written)
        close_written(file);
    else
        h5_check(scope, H5Fclose(file));
}

void h5_close_to(struct h5_scope *scope, int mark)
{
    while (scope->count > mark) {
        hid_t id = scope->ids[--scope->count];
        if (H5Iget_type(id) == H5I_FILE)
            close_file(scope, id);
        else
            h5_check(scope, H5Idec_ref(id));
    }
}

enum status h5_end(struct h5_scope *scope, enum status status, struct error *err,
                   const char *format, ...)
{
    h5_close_to(scope, 0);
    if (!scope->failed)
        return STATUS_OK;
    char what[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return error_set(err, status, "%s: %s", what, scope->reason);
}

hid_t h5_access_serial(struct h5_scope *scope)
{
    hid_t list = h5_own(scope, H5Pcreate(H5P_FILE_ACCESS));
    h5_check(scope, H5Pset_libver_bounds(list, H5F_LIBVER_V110, H5F_LIBVER_V110));
    /* Rank 0 holds the lock of the run; a reader's lock on a file must not stop a restart. */
    h5_check(scope, H5Pset_file_locking(list, false, true));
    /* Values are written when they are given, so that it is that call which fails. */
    h5_check(scope, H5Pset_sieve_buf_size(list, 0));
    h5_check(scope, H5Pset_cache(list, 0, 0, 0, 0.0));
    return list;
}

/* The default driver marks a file as open for writing, and after a kill nobody could open it any
 * more; the MPI-IO driver does not. */
hid_t h5_access_in_place(struct h5_scope *scope)
{
    hid_t list = h5_access_serial(scope);
    h5_check(scope, H5Pset_fapl_mpio(list, MPI_COMM_SELF, MPI_INFO_NULL));
    return list;
}

hid_t h5_access_parallel(struct h5_scope *scope, const struct domain *domain)
{
    hid_t list = h5_access_serial(scope);
    h5_check(scope, H5Pset_fapl_mpio(list, domain->comm, MPI_INFO_NULL));
    h5_check(scope, H5Pset_coll_metadata_write(list, true));
    return list;
}

/* Open MPI and HDF5 leave the other ranks waiting within the call when one cannot open the file. */
static void try_open(const char *path, unsigned flags)
{
    struct h5_scope opening = {.count = 0};
    int fd = open(path, (flags == H5F_ACC_RDONLY ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    if (fd < 0) {
        snprintf(opening.reason, sizeof opening.reason, "%s", strerror(errno));
        end_job("opening", path, &opening);
    }
    close(fd);
}

hid_t h5_open_parallel(struct h5_scope *scope, const char *path, unsigned flags,
                       const struct domain *domain)
{
    if (domain->ranks > 1)
        try_open(path, flags);
    return h5_own(scope, H5Fopen(path, flags, h5_access_parallel(scope, domain)));
}

hid_t h5_transfer(struct h5_scope *scope)
{
    hid_t list = h5_own(scope, H5Pcreate(H5P_DATASET_XFER));
    h5_check(scope, H5Pset_dxpl_mpio(list, H5FD_MPIO_COLLECTIVE));
    h5_check(scope, H5Pset_dxpl_mpio_collective_opt(list, H5FD_MPIO_INDIVIDUAL_IO));
    return list;
}

hid_t h5_string_type(struct h5_scope *scope, size_t size)
{
    hid_t type = h5_own(scope, H5Tcopy(H5T_C_S1));
    h5_check(scope, H5Tset_size(type, size ? size : 1));
    h5_check(scope, H5Tset_strpad(type, H5T_STR_NULLPAD));
    h5_check(scope, H5Tset_cset(type, H5T_CSET_UTF8));
    return type;
}

hid_t h5_group(struct h5_scope *scope, hid_t parent, const char *name)
{
    hid_t list = h5_own(scope, H5Pcreate(H5P_GROUP_CREATE));
    h5_check(scope, H5Pset_obj_track_times(list, false));
    return h5_own(scope, H5Gcreate2(parent, name, H5P_DEFAULT, list, H5P_DEFAULT));
}

static void put_scalar(struct h5_scope *scope, hid_t object, const char *name, hid_t type,
                       const void *value)
{
    hid_t space = h5_own(scope, H5Screate(H5S_SCALAR));
    hid_t attribute =
        h5_own(scope, H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT));
    h5_check(scope, H5Awrite(attribute, type, value));
}

void h5_put_text(struct h5_scope *scope, hid_t object, const char *name, const char *text)
{
    int mark = scope->count;
    put_scalar(scope, object, name, h5_string_type(scope, strlen(text)), text);
    h5_close_to(scope, mark);
}

void h5_put_int64(struct h5_scope *scope, hid_t object, const char *name, int64_t value)
{
    int mark = scope->count;
    put_scalar(scope, object, name, H5T_NATIVE_INT64, &value);
    h5_close_to(scope, mark);
}

void h5_put_long_text(struct h5_scope *scope, hid_t group, const char *name, const char *text)
{
    int mark = scope->count;
    hid_t type = h5_string_type(scope, strlen(text));
    hid_t space = h5_own(scope, H5Screate(H5S_SCALAR));
    hid_t list = h5_own(scope, H5Pcreate(H5P_DATASET_CREATE));
    h5_check(scope, H5Pset_obj_track_times(list, false));
    hid_t set = h5_own(scope, H5Dcreate2(group, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT));
    h5_check(scope, H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text));
    h5_close_to(scope, mark);
}

/* A fixed-length scalar string, or the scope fails. Returns where its bytes go, NULL on failure. */
static char *reserve_text(struct h5_scope *scope, hid_t type, hid_t space, struct buffer *text)
{
    bool fits = type >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 &&
                H5Sget_simple_extent_npoints(space) == 1;
    if (!fits) {
        h5_check(scope, -1);
        return NULL;
    }
    return buffer_reserve(text, H5Tget_size(type));
}

static void accept_text(struct buffer *text, size_t size)
{
    const char *start = (const char *)text->data + text->size;
    const char *end = memchr(start, '\0', size);
    text->size += end ? (size_t)(end - start) : size;
}

void h5_get_text(struct h5_scope *scope, hid_t object, const char *name, struct buffer *text)
{
    int mark = scope->count;
    hid_t attribute = h5_own(scope, H5Aopen(object, name, H5P_DEFAULT));
    hid_t type = h5_own(scope, H5Aget_type(attribute));
    hid_t space = h5_own(scope, H5Aget_space(attribute));
    char *start = reserve_text(scope, type, space, text);
    if (start && h5_check(scope, H5Aread(attribute, type, start)) >= 0)
        accept_text(text, H5Tget_size(type));
    h5_close_to(scope, mark);
}

void h5_get_int64(struct h5_scope *scope, hid_t object, const char *name, int64_t *value)
{
    int mark = scope->count;
    int64_t read = 0;
    hid_t attribute = h5_own(scope, H5Aopen(object, name, H5P_DEFAULT));
    hid_t space = h5_own(scope, H5Aget_space(attribute));
    if (H5Sget_simple_extent_npoints(space) != 1)
        h5_check(scope, -1);
    else if (h5_check(scope, H5Aread(attribute, H5T_NATIVE_INT64, &read)) >= 0)
        *value = read;
    h5_close_to(scope, mark);
}

void h5_get_long_text(struct h5_scope *scope, hid_t group, const char *name, struct buffer *text)
{
    int mark = scope->count;
    hid_t set = h5_own(scope, H5Dopen2(group, name, H5P_DEFAULT));
    hid_t type = h5_own(scope, H5Dget_type(set));
    hid_t space = h5_own(scope, H5Dget_space(set));
    char *start = reserve_text(scope, type, space, text);
    if (start && h5_check(scope, H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, start)) >= 0)
        accept_text(text, H5Tget_size(type));
    h5_close_to(scope, mark);
}
