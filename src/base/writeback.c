#define _GNU_SOURCE
#include "base/writeback.h"

#include <fcntl.h>
#include <unistd.h>

void writeback_begin(int fd)
{
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* to the end of the file */
}

void writeback_begin_of(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    writeback_begin(fd);
    close(fd);
}
