#include "announcer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/appended.h"
#include "base/memory.h"
#include "ingest/alert_topic.h"
#include "run/deck_sources.h"
#include "watch/hook.h"
#include "watch/watch.h"

enum { COMMAND_LIMIT_S = 20, COMMANDS_END_S = 10 };

struct announcer {
    struct appended *file;     /* NULL before announcer_begin() */
    struct hasher *hasher;     /* of all that is in it */
    struct alert_topic *topic; /* NULL: none */
    struct hook *hook;         /* NULL: none */
    char **arguments;          /* of the hook, NULL at the end; strings are the deck's */
};

static enum status open_hook(const struct deck *deck, struct announcer *announcer,
                             struct error *err)
{
    const struct deck_list *command = &deck->alert_command;
    if (command->count == 0)
        return STATUS_OK;
    announcer->arguments = memory_zeroed(command->count + 1, sizeof(char *));
    memcpy(announcer->arguments, command->items, (size_t)command->count * sizeof(char *));
    const struct hook_config config = {
        .arguments = announcer->arguments, .limit_s = COMMAND_LIMIT_S, .end_s = COMMANDS_END_S};
    return hook_create(&config, &announcer->hook, err);
}

static enum status open_topic(const struct deck *deck, struct announcer *announcer,
                              struct error *err)
{
    if (!deck->alert_topic)
        return STATUS_OK;
    struct kafka_config config = kafka_of_deck(deck);
    config.topic = deck->alert_topic;
    return alert_topic_open(&config, deck->run.id, &announcer->topic, err);
}

/* Lines that were told are never told again: what stands in their place must be they. */
static enum status check_known(struct announcer *announcer, const char *path,
                               const struct announced *known, struct error *err)
{
    char hex[HASH_HEX_SIZE];
    if (known->size == 0)
        return STATUS_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, STATUS_IO, "opening %s: %s", path, strerror(errno));
    enum status status = hasher_add_file(announcer->hasher, fd, path, known->size, err);
    close(fd);
    TRY(status);
    hasher_hex(announcer->hasher, hex);
    if (strcmp(hex, known->digest) == 0)
        return STATUS_OK;
    return error_set(err, STATUS_BAD_DATA,
                     "%s is not as it was when the checkpoint was taken: its first %lld bytes have "
                     "digest %s, then it was %s",
                     path, (long long)known->size, hex, known->digest);
}

enum status announcer_open(const struct deck *deck, const char *path, const struct announced *known,
                           struct announcer **opened, struct error *err)
{
    struct announcer *announcer = memory_zeroed(1, sizeof *announcer);
    announcer->hasher = hasher_create();
    enum status status = check_known(announcer, path, known, err);
    if (status == STATUS_OK)
        status = open_topic(deck, announcer, err);
    if (status == STATUS_OK)
        status = open_hook(deck, announcer, err);
    if (status != STATUS_OK) {
        announcer_close(announcer);
        return status;
    }
    *opened = announcer;
    return STATUS_OK;
}

enum status announcer_begin(struct announcer *announcer, const char *path, int64_t size,
                            struct error *err)
{
    return appended_open(path, 0644, size, &announcer->file, err);
}

void announcer_close(struct announcer *announcer)
{
    if (!announcer)
        return;
    hook_destroy(announcer->hook);
    alert_topic_close(announcer->topic);
    appended_close(announcer->file);
    hasher_destroy(announcer->hasher);
    free(announcer->arguments);
    free(announcer);
}

void announcer_set_patience(struct announcer *announcer, const struct patience *patience)
{
    if (announcer && announcer->topic)
        alert_topic_set_patience(announcer->topic, patience);
}

enum status announcer_sync(struct announcer *announcer, struct announced *known,
                           struct unsynced *later, struct error *err)
{
    int64_t synced;
    if (!announcer)
        return STATUS_OK;
    TRY(appended_sync(announcer->file, &synced, later, err));
    if (announcer->topic)
        TRY(alert_topic_sync(announcer->topic, err));
    known->size = synced;
    hasher_hex(announcer->hasher, known->digest);
    return STATUS_OK;
}

static enum status tell_line(struct announcer *announcer, const char *line, size_t size,
                             struct error *err)
{
    size_t name_size;
    const char *name = watch_alert_of_line(line, &name_size);
    if (announcer->hook)
        hook_tell(announcer->hook, line, size);
    if (announcer->topic)
        return alert_topic_put(announcer->topic, name, name_size, line, size - 1, err);
    return STATUS_OK;
}

enum status announcer_tell(struct announcer *announcer, const struct buffer *news,
                           struct error *err)
{
    const char *line = (const char *)news->data, *end = line + news->size;
    TRY(appended_write(announcer->file, news->data, news->size, err));
    hasher_add(announcer->hasher, news->data, news->size);
    while (line < end) {
        const char *next = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1;
        TRY(tell_line(announcer, line, (size_t)(next - line), err));
        line = next;
    }
    return STATUS_OK;
}
