#define _GNU_SOURCE
#include "base/writeback.h"

#include <fcntl.h>

void writeback_begin(int fd)
{
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* to the end of the file */
}
