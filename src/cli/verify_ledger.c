#include "verify_ledger.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/durable.h"
#include "base/linelog.h"
#include "base/memory.h"
#include "store/inspect.h"
#include "store/journal.h"
#include "store/letter_files.h"
#include "verify_alerts.h"
#include "window/windows_state.h"

/* What the ledger says, and what the dead letters are of it. */
struct books {
    struct verify *verify;
    json_t *summary; /* owned; NULL: nothing known */
    bool finished;
    int partitions;
    struct ledger *ledgers; /* [partitions] */
    int64_t (*letters)[FATE_COUNT];
    int64_t letters_bytes;   /* that the ledger counts */
    int64_t letters_waiting; /* that it counts beside them, to be written after the checkpoint */
    int64_t letters_at;      /* how far they have been read */
    bool letters_removed;    /* the first of them */
};

static void books_release(struct books *books)
{
    json_decref(books->summary);
    free(books->ledgers);
    free(books->letters);
}

/* What a packed file carries of the checkpoint that stayed behind. */
static enum status read_packed(struct books *books, struct error *err)
{
    char path[PATH_MAX];
    json_error_t error;
    TRY(path_join(path, sizeof path, books->verify->directory, "summary.json", err));
    books->summary = json_load_file(path, 0, &error);
    return STATUS_OK;
}

/* The summary of the newest checkpoint that was proven, which HDF5 has read before. */
static enum status read_checkpoint(struct books *books, struct error *err)
{
    char path[PATH_MAX], name[64] = "ckpt/";
    struct inspection inspection;
    json_error_t error;
    if (books->verify->packed)
        return read_packed(books, err);
    if (books->verify->counts.checkpoint_window < 0)
        return STATUS_OK;
    checkpoint_name(books->verify->counts.checkpoint_window, name + strlen(name));
    TRY(path_join(path, sizeof path, books->verify->directory, name, err));
    struct error gone; /* a run that goes on removes old ones */
    if (inspect_file(path, &inspection, &gone) != STATUS_OK)
        return STATUS_OK;
    if (inspection.is_checkpoint)
        books->summary = json_loads((const char *)inspection.summary.data, 0, &error);
    inspection_release(&inspection);
    return STATUS_OK;
}

static enum status read_summary(struct books *books, const struct manifest *manifest,
                                struct error *err)
{
    struct manifest_finish finish;
    json_error_t error;
    books->finished = manifest_finished(manifest, &finish);
    if (books->finished)
        books->summary = json_loads(manifest_summary(manifest), 0, &error);
    if (!books->summary)
        TRY(read_checkpoint(books, err));
    books->letters_bytes =
        json_integer_value(json_object_get(books->summary, "dead_letters_bytes"));
    books->letters_waiting =
        json_integer_value(json_object_get(books->summary, "dead_letters_waiting"));
    return STATUS_OK;
}

static bool read_ledger(const json_t *object, struct ledger *ledger)
{
    const json_t *first = json_object_get(object, "first"), *next = json_object_get(object, "next");
    if (!json_is_integer(first) || !json_is_integer(next))
        return false;
    ledger->first_offset = json_integer_value(first);
    ledger->next_offset = json_integer_value(next);
    for (int fate = 0; fate < FATE_COUNT; fate++) {
        const json_t *count = json_object_get(object, fate_name((enum fate)fate));
        if (!json_is_integer(count) || json_integer_value(count) < 0)
            return false;
        ledger->fates[fate] = json_integer_value(count);
    }
    return true;
}

static bool read_ledgers(struct books *books)
{
    const json_t *all = json_object_get(books->summary, "ledger");
    size_t count = json_object_size(all);
    if (count == 0 || count > INT_MAX)
        return false;
    books->partitions = (int)count;
    books->ledgers = memory_zeroed(books->partitions, sizeof *books->ledgers);
    books->letters = memory_zeroed(books->partitions, sizeof *books->letters);
    for (int p = 0; p < books->partitions; p++) {
        char name[16];
        snprintf(name, sizeof name, "%d", p);
        if (!read_ledger(json_object_get(all, name), &books->ledgers[p]))
            return false;
    }
    return true;
}

static void add_up(struct books *books)
{
    for (int p = 0; p < books->partitions; p++) {
        const struct ledger *ledger = &books->ledgers[p];
        __int128 sum = ledger->first_offset;
        for (int fate = 0; fate < FATE_COUNT; fate++)
            sum += ledger->fates[fate];
        if (sum != ledger->next_offset)
            verify_differs(books->verify,
                           "ledger: partition %d: first offset %lld and the fates of %lld offsets "
                           "do not come to the next offset, %lld",
                           p, (long long)ledger->first_offset,
                           (long long)(sum - ledger->first_offset), (long long)ledger->next_offset);
    }
}

/* Frames are written before a checkpoint that counts on them, and of a finished run no later. */
static void compare_offsets(struct books *books)
{
    const struct verify_offsets *frames = &books->verify->offsets;
    if (frames->partitions == 0)
        return;
    if (frames->partitions != books->partitions) {
        verify_differs(books->verify, "the ledger has %d partitions, /kafka of the frames %lld",
                       books->partitions, (long long)frames->partitions);
        return;
    }
    for (int p = 0; p < books->partitions; p++) {
        const struct ledger *ledger = &books->ledgers[p];
        if (frames->first[p] != ledger->first_offset ||
            (books->finished &&
             (frames->next[p] > ledger->next_offset || frames->lost[p] > ledger->fates[FATE_LOST])))
            verify_differs(books->verify,
                           "partition %d: the ledger has offsets %lld to %lld, %lld of them lost; "
                           "/kafka of the frames %lld to %lld, %lld of them lost",
                           p, (long long)ledger->first_offset, (long long)ledger->next_offset,
                           (long long)ledger->fates[FATE_LOST], (long long)frames->first[p],
                           (long long)frames->next[p], (long long)frames->lost[p]);
    }
}

static enum fate fate_of(const char *name)
{
    for (int fate = 0; name && fate < FATE_COUNT; fate++)
        if (strcmp(name, fate_name((enum fate)fate)) == 0)
            return (enum fate)fate;
    return FATE_COUNT;
}

/* False when the line is no dead letter of this run. */
static bool count_letter(struct books *books, const char *line, size_t length)
{
    json_error_t error;
    json_t *letter = json_loadb(line, length, 0, &error);
    const json_t *partition = json_object_get(letter, "partition");
    const json_t *offset = json_object_get(letter, "offset");
    enum fate fate = fate_of(json_string_value(json_object_get(letter, "reason")));
    json_int_t p = json_integer_value(partition), o = json_integer_value(offset);
    bool sane = json_is_integer(partition) && json_is_integer(offset) && fate < FATE_COUNT &&
                p >= 0 && p < books->partitions && o >= books->ledgers[p].first_offset &&
                o < books->ledgers[p].next_offset;
    if (sane)
        books->letters[p][fate]++;
    json_decref(letter);
    return sane;
}

/* Lines of a file that begin below `letters_bytes`, of a finished run all, one at a time: the file
 * may be large. */
static void count_letters(struct books *books, FILE *file, const char *name)
{
    char *line = NULL;
    size_t room = 0;
    int64_t number = 0;
    for (ssize_t length; (books->finished || books->letters_at < books->letters_bytes) &&
                         (length = getline(&line, &room, file)) > 0;
         books->letters_at += length) {
        number++;
        if (line[length - 1] != '\n' || !count_letter(books, line, (size_t)length))
            verify_differs(books->verify,
                           "%s: line %lld is no dead letter that the ledger could count", name,
                           (long long)number);
    }
    free(line);
}

static bool is_dead(enum fate fate)
{
    return fate == FATE_FUTURE || fate == FATE_TOO_LATE || fate == FATE_BEFORE_START ||
           fate == FATE_UNDECODABLE || fate == FATE_UNKNOWN_SENSOR || fate == FATE_OUT_OF_RANGE ||
           fate == FATE_NOT_FINITE;
}

static void compare_letters(struct books *books)
{
    int64_t missing = 0;
    bool all = books->letters_waiting == 0 && !books->letters_removed;
    for (int p = 0; p < books->partitions; p++)
        for (int fate = 0; fate < FATE_COUNT; fate++) {
            int64_t told = is_dead((enum fate)fate) ? books->ledgers[p].fates[fate] : 0;
            int64_t found = books->letters[p][fate];
            missing += told - found;
            if (found > told || (found < told && all))
                verify_differs(books->verify,
                               "there are %lld dead letters '%s' of partition %d, the ledger has "
                               "%lld",
                               (long long)found, fate_name((enum fate)fate), p, (long long)told);
        }
    if (books->letters_removed)
        books->verify->counts.letters_removed = missing - books->letters_waiting;
    else if (books->letters_waiting > 0 && missing != books->letters_waiting)
        verify_differs(books->verify,
                       "%lld dead letters of the ledger are missing, of which %lld were still to "
                       "be written",
                       (long long)missing, (long long)books->letters_waiting);
}

/* The first files may have been removed (stream.dead_letter_files), also just now. */
static enum status check_letter_file(struct books *books, int64_t start, struct error *err)
{
    char path[PATH_MAX], name[LETTER_FILE_NAME];
    letter_file_name(start, name);
    TRY(path_join(path, sizeof path, books->verify->directory, name, err));
    FILE *file = fopen(path, "re");
    if (!file)
        return STATUS_OK;
    if (books->letters_at == 0 && start > 0)
        books->letters_removed = true;
    else if (start != books->letters_at)
        verify_differs(books->verify,
                       "%s is named after byte %lld of the dead letters, those before it end at "
                       "%lld",
                       name, (long long)start, (long long)books->letters_at);
    books->letters_at = start;
    count_letters(books, file, name);
    fclose(file);
    return STATUS_OK;
}

/* Files that begin at the end of what the ledger counts, or after it, are of letters after it. */
static enum status check_letters(struct books *books, struct error *err)
{
    struct buffer list = {0};
    enum status status = letter_files_list(books->verify->directory, &list, err);
    const int64_t *starts = (const void *)list.data;
    for (size_t i = 0; status == STATUS_OK && i < list.size / sizeof *starts; i++)
        if (books->finished || starts[i] < books->letters_bytes)
            status = check_letter_file(books, starts[i], err);
    buffer_release(&list);
    if (books->letters_at != books->letters_bytes)
        verify_differs(books->verify,
                       "the dead letters have %lld bytes where the ledger was told, not %lld",
                       (long long)books->letters_at, (long long)books->letters_bytes);
    compare_letters(books);
    return status;
}

enum status verify_ledger(struct verify *verify, const struct manifest *manifest, int *partitions,
                          struct error *err)
{
    struct books books = {.verify = verify};
    enum status status = read_summary(&books, manifest, err);
    if (status == STATUS_OK && books.summary && !read_ledgers(&books)) {
        verify_differs(verify, "the ledger told with the newest checkpoint or the finish is none");
    } else if (status == STATUS_OK && books.summary) {
        add_up(&books);
        compare_offsets(&books);
        status = check_letters(&books, err);
    }
    if (status == STATUS_OK)
        status = verify_alerts(verify, books.summary, books.finished, err);
    *partitions = books.partitions;
    books_release(&books);
    return status;
}

enum status verify_journal(struct verify *verify, int partitions, struct error *err)
{
    char path[PATH_MAX];
    struct error reason = {""};
    struct journal *journal = NULL;
    TRY(path_join(path, sizeof path, verify->directory, "journal", err));
    enum status status = partitions > 0 ? journal_read(path, partitions, &journal, &reason)
                                        : linelog_read(path, NULL, NULL, NULL, &reason);
    journal_close(journal);
    if (status == STATUS_BAD_DATA) {
        verify_differs(verify, "%s", reason.text);
        return STATUS_OK;
    }
    return status == STATUS_OK ? status : error_set(err, status, "%s", reason.text);
}
