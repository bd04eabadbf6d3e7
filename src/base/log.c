#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct {
    enum log_level level;
    enum log_format format;
    int rank;
    bool warns; /* whatever the rank */
    int file;   /* 0: none; with its size, under the mutex */
    int64_t file_bytes;
    bool progress_pending;
} logger = {.level = LOG_INFO};

static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER;

static const char *const level_name[] = {"error", "warning", "info", "debug"};

void log_configure(enum log_level level, enum log_format format)
{
    logger.level = level;
    logger.format = format;
}

void log_set_rank(int rank)
{
    logger.rank = rank;
}

void log_let_warn(void)
{
    logger.warns = true;
}

static bool is_written(enum log_level level)
{
    if (level > logger.level)
        return false;
    return logger.rank == 0 || level == LOG_ERROR || (level == LOG_WARN && logger.warns);
}

static void set_file(int fd, int64_t size)
{
    pthread_mutex_lock(&log_mutex);
    int before = logger.file;
    logger.file = fd;
    logger.file_bytes = size;
    pthread_mutex_unlock(&log_mutex);
    if (before > 0)
        close(before);
}

enum status log_open_file(const char *path, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return error_set(err, STATUS_CANNOT_CREATE, "opening %s: %s", path, strerror(errno));
    struct stat info;
    set_file(fd, fstat(fd, &info) == 0 ? info.st_size : 0);
    return STATUS_OK;
}

void log_close_file(void)
{
    set_file(0, 0);
}

int64_t log_file_size(void)
{
    pthread_mutex_lock(&log_mutex);
    int64_t size = logger.file_bytes;
    pthread_mutex_unlock(&log_mutex);
    return size;
}

static void write_whole(int fd, const char *line, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, line, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; /* a log that cannot be written must not stop the run */
        line += written;
        length -= (size_t)written;
    }
}

static void format_time(char *text, size_t size)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct tm utc;
    gmtime_r(&now.tv_sec, &utc);
    size_t used = strftime(text, size, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + used, size - used, ".%03ldZ", now.tv_nsec / 1000000);
}

static size_t format_json(char *line, size_t size, enum log_level level, const char *text)
{
    char stamp[40];
    format_time(stamp, sizeof stamp);
    int used = snprintf(line, size, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":\"", stamp,
                        level_name[level]);
    size_t length = (size_t)used;
    for (const unsigned char *c = (const unsigned char *)text; *c && length + 16 < size; c++) {
        if (*c == '"' || *c == '\\')
            length += (size_t)snprintf(line + length, size - length, "\\%c", *c);
        else if (*c < 0x20)
            length += (size_t)snprintf(line + length, size - length, "\\u%04x", *c);
        else
            line[length++] = (char)*c;
    }
    return length + (size_t)snprintf(line + length, size - length, "\"}\n");
}

static size_t format_line(char *line, size_t size, enum log_level level, bool stamped,
                          const char *text)
{
    if (logger.format == LOG_JSON)
        return format_json(line, size, level, text);
    char stamp[40] = "";
    if (stamped) {
        format_time(stamp, sizeof stamp - 1);
        strcat(stamp, " ");
    }
    const char *mark = level == LOG_ERROR ? "error: " : level == LOG_WARN ? "warning: " : "";
    int used = snprintf(line, size, "%s%s%s%s\n", stamped ? stamp : "heatstream: ", mark, text, "");
    if (used >= 0 && (size_t)used >= size) {
        line[size - 2] = '\n';
        return size - 1;
    }
    return (size_t)used;
}

/* What a deck or a broker says could otherwise command the terminal it is shown on. */
static void disarm(char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < 0x20 && *text != '\n') || *text == 0x7f)
            *text = '?';
}

static void log_line(enum log_level level, const char *format, va_list arguments)
{
    if (!is_written(level))
        return;
    char text[4096], line[8192];
    int used = 0;
    if (logger.rank != 0 && level == LOG_WARN)
        used = snprintf(text, sizeof text, "rank %d: ", logger.rank);
    vsnprintf(text + used, sizeof text - (size_t)used, format, arguments);
    disarm(text);
    pthread_mutex_lock(&log_mutex);
    if (logger.progress_pending)
        write_whole(STDERR_FILENO, "\n", 1);
    logger.progress_pending = false;
    write_whole(STDERR_FILENO, line, format_line(line, sizeof line, level, false, text));
    if (logger.file > 0) {
        size_t length = format_line(line, sizeof line, level, true, text);
        write_whole(logger.file, line, length);
        logger.file_bytes += (int64_t)length;
    }
    pthread_mutex_unlock(&log_mutex);
}

#define LOG_FUNCTION(name, level)                                                                  \
    void name(const char *format, ...)                                                             \
    {                                                                                              \
        va_list arguments;                                                                         \
        va_start(arguments, format);                                                               \
        log_line(level, format, arguments);                                                        \
        va_end(arguments);                                                                         \
    }

LOG_FUNCTION(log_error, LOG_ERROR)
LOG_FUNCTION(log_warn, LOG_WARN)
LOG_FUNCTION(log_info, LOG_INFO)
LOG_FUNCTION(log_debug, LOG_DEBUG)

void log_progress(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (logger.format == LOG_JSON || !isatty(STDERR_FILENO)) {
        log_line(LOG_INFO, format, arguments);
    } else if (logger.level >= LOG_INFO && logger.rank == 0) {
        char text[1024], line[1100];
        vsnprintf(text, sizeof text, format, arguments);
        int length = snprintf(line, sizeof line, "\r%s\x1b[K", text);
        pthread_mutex_lock(&log_mutex);
        write_whole(STDERR_FILENO, line, (size_t)length);
        logger.progress_pending = true;
        pthread_mutex_unlock(&log_mutex);
    }
    va_end(arguments);
}
