/* System calls on the files of a run directory as failure points: these functions take the place
 * of the C library's, for its other libraries too. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "failpoint.h"

static struct failpoint *point_of(const char *path, const char *call)
{
    static const char *const files[][2] = {
#define FILE_CALLS(file, pattern, calls) {file, pattern},
#include "points.def"
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (fnmatch(files[i][1], path, FNM_EXTMATCH) == 0)
            return failpoint_find(files[i][0], call);
    return NULL;
}

/* Of what is open; a directory's name ends in a slash here. */
static struct failpoint *point_of_open(int fd, const char *call)
{
    char link[32], path[PATH_MAX];
    struct stat info;
    int error = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 2);
    bool is_directory = length > 0 && fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
    errno = error;
    if (length <= 0)
        return NULL;
    strcpy(path + length, is_directory ? "/" : "");
    return point_of(path, call);
}

static ssize_t leave(struct failpoint_visit visit, long result)
{
    failpoint_leave(visit);
    return (ssize_t)result;
}

ssize_t write(int fd, const void *data, size_t size)
{
    struct failpoint_visit visit = failpoint_enter(point_of_open(fd, "write"));
    if (failpoint_refuses(visit))
        return -1;
    return leave(visit, syscall(SYS_write, fd, data, failpoint_part(visit, size)));
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    struct failpoint_visit visit = failpoint_enter(point_of_open(fd, "write"));
    if (failpoint_refuses(visit))
        return -1;
    return leave(visit, syscall(SYS_pwrite64, fd, data, failpoint_part(visit, size), offset));
}

/* Half of several pieces, or half of the only one. */
static long write_pieces(struct failpoint_visit visit, int fd, const struct iovec *pieces,
                         int count, off_t offset)
{
    struct iovec only = pieces[0];
    if (count == 1) {
        only.iov_len = failpoint_part(visit, only.iov_len);
        return syscall(SYS_pwritev, fd, &only, 1, offset, 0);
    }
    return syscall(SYS_pwritev, fd, pieces, failpoint_part(visit, (size_t)count), offset, 0);
}

ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t offset)
{
    struct failpoint_visit visit = failpoint_enter(point_of_open(fd, "write"));
    if (failpoint_refuses(visit))
        return -1;
    return leave(visit, write_pieces(visit, fd, pieces, count, offset));
}

static int synchronise(int fd, long number)
{
    struct failpoint_visit visit = failpoint_enter(point_of_open(fd, "sync"));
    if (failpoint_refuses(visit))
        return -1;
    return (int)leave(visit, syscall(number, fd));
}

int fsync(int fd)
{
    return synchronise(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return synchronise(fd, SYS_fdatasync);
}

int ftruncate(int fd, off_t size)
{
    struct failpoint_visit visit = failpoint_enter(point_of_open(fd, "cut"));
    if (failpoint_refuses(visit))
        return -1;
    return (int)leave(visit, syscall(SYS_ftruncate, fd, size));
}

/* A close that fails has closed the file all the same. */
int close(int fd)
{
    struct failpoint_visit visit = failpoint_enter(point_of_open(fd, "close"));
    int result = (int)leave(visit, syscall(SYS_close, fd));
    return failpoint_refuses(visit) ? -1 : result;
}

int rename(const char *from, const char *to)
{
    struct failpoint_visit visit = failpoint_enter(point_of(from, "rename"));
    if (failpoint_refuses(visit))
        return -1;
    return (int)leave(visit, syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int unlink(const char *path)
{
    struct failpoint_visit visit = failpoint_enter(point_of(path, "remove"));
    if (failpoint_refuses(visit))
        return -1;
    return (int)leave(visit, syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

int mkdir(const char *path, mode_t mode)
{
    struct failpoint_visit visit = failpoint_enter(point_of(path, "make"));
    if (failpoint_refuses(visit))
        return -1;
    return (int)leave(visit, syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}

/* Opening for reading is no write. */
static int open_file(const char *path, int flags, mode_t mode)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    struct failpoint_visit visit = failpoint_enter(writes ? point_of(path, "open") : NULL);
    if (failpoint_refuses(visit))
        return -1;
    return (int)leave(visit, syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open_file(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open_file(path, flags, mode);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
    return pwrite(fd, data, size, offset);
}

ssize_t pwritev64(int fd, const struct iovec *pieces, int count, off64_t offset)
{
    return pwritev(fd, pieces, count, offset);
}

int ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}
