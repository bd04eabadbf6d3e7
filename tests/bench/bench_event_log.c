/* Events a second of processor time: into an event log, out of it, and out of a file of lines. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "ingest/event_log_writer.h"
#include "ingest/source_file.h"

enum { EVENTS = 1 << 20, LINE = 128, BATCH = 10000 };

static char folder[] = "/tmp/heatstream-bench-XXXXXX";

static double processor_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void report(const char *what, double begin_s)
{
    printf("%-48s %6.1f M events/s\n", what, 1e-6 * EVENTS / (processor_s() - begin_s));
}

static void must(enum status status, const struct error *err)
{
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "%s\n", err->text);
    exit(EXIT_FAILURE);
}

static int print_event(int i, char text[LINE])
{
    return snprintf(text, LINE, "{\"time\":%lld,\"gridX\":%d,\"gridY\":%d,\"gen\":4.0}",
                    1700000000000LL + i, i % 40, i / 40 % 40);
}

static void write_lines(const char *path)
{
    char text[LINE];
    FILE *file = fopen(path, "we");
    for (int i = 0; file && i < EVENTS; i++) {
        print_event(i, text);
        fprintf(file, "%s\n", text);
    }
    if (!file || fclose(file) != 0)
        exit(EXIT_FAILURE);
}

static void write_log(const char *path)
{
    const struct source_identity topic = {.topic = "heat", .cluster_id = "", .partitions = 1};
    const int64_t first = 0;
    char text[LINE];
    struct error err;
    struct event_log_writer *writer;
    must(event_log_create(path, &topic, &first, &err), &err);
    must(event_log_writer_open(path, &topic, &writer, &err), &err);
    int size = print_event(0, text);
    struct message message = {.value = (const uint8_t *)text, .value_size = (size_t)size};
    double begin_s = processor_s();
    for (message.offset = 0; message.offset < EVENTS; message.offset++)
        must(event_log_writer_put(writer, 0, &message, &err), &err);
    must(event_log_writer_close(writer, &err), &err);
    report("event log, written", begin_s);
}

static void read_file(const char *what, const char *path)
{
    const int64_t first = 0;
    const struct message *messages;
    struct source *source;
    struct error err;
    bool ended = false;
    double begin_s = processor_s();
    must(source_open_files(&path, 1, &source, &err), &err);
    must(source_start(source, &first, &err), &err);
    while (!ended) {
        int count;
        must(source_read(source, 0, BATCH, &messages, &count, &err), &err);
        ended = messages[count - 1].end;
    }
    report(what, begin_s);
    source_destroy(source);
    unlink(path);
}

int main(void)
{
    char log[64], lines[64];
    if (!mkdtemp(folder))
        return EXIT_FAILURE;
    snprintf(log, sizeof log, "%s/events.hsl", folder);
    snprintf(lines, sizeof lines, "%s/events.ndjson", folder);
    write_log(log);
    read_file("event log, opened and read", log);
    write_lines(lines);
    read_file("file of lines, opened and read", lines);
    rmdir(folder);
    return EXIT_SUCCESS;
}
