#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/durable.h"
#include "base/isolated.h"
#include "checkpoint_file.h"
#include "committed.h"
#include "store/verify.h"

void verify_differs(struct verify *verify, const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    verify->counts.differences++;
    if (verify->differs)
        verify->differs(verify->context, text);
}

void verify_release(struct verify *verify)
{
    free(verify->offsets.first);
    free(verify->offsets.next);
    free(verify->offsets.lost);
    verify->offsets = (struct verify_offsets){0};
}

/* Digest of the field [gnx][gny] in a checkpoint, a few columns at a time. */
static void digest_field_of(struct h5_scope *scope, hid_t file, const char *name, int64_t gnx,
                            int64_t gny, struct digest *digest)
{
    int mark = scope->count;
    struct buffer column = {0}, digests = {0};
    hsize_t count[2] = {1, (hsize_t)gny};
    size_t size = (size_t)gny * sizeof(double);
    hid_t set = h5_own(scope, H5Dopen2(file, name, H5P_DEFAULT));
    hid_t space = h5_own(scope, H5Dget_space(set));
    hid_t memory = h5_own(scope, H5Screate_simple(2, count, NULL));
    void *cells = buffer_reserve(&column, size);
    for (int64_t x = 0; x < gnx && !scope->failed; x++) {
        hsize_t start[2] = {(hsize_t)x, 0};
        h5_check(scope, H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL));
        h5_check(scope, H5Dread(set, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, cells));
        struct digest one = digest_bytes(cells, size);
        buffer_append(&digests, &one, sizeof one);
    }
    *digest = digest_bytes(digests.data, digests.size);
    buffer_release(&column);
    buffer_release(&digests);
    h5_close_to(scope, mark);
}

static enum status check_fields(const char *path, const struct checkpoint_head *head,
                                struct error *err)
{
    const struct digest expected[CHECKPOINT_TIMES] = {head->seal.field, head->seal.past_field};
    int times = checkpoint_times(&head->seal);
    struct digest found[CHECKPOINT_TIMES];
    struct h5_scope scope = h5_begin();
    hid_t file = h5_own(&scope, H5Fopen(path, H5F_ACC_RDONLY, h5_access_serial(&scope)));
    for (int time = 0; time < times; time++)
        digest_field_of(&scope, file, checkpoint_field_name(time), head->gnx, head->gny,
                        &found[time]);
    TRY(h5_end(&scope, STATUS_NO_INPUT, err, "reading the fields of %s", path));
    for (int time = 0; time < times; time++)
        if (!digest_equal(found[time], expected[time]))
            return error_set(err, STATUS_NO_INPUT,
                             "%s: its field %s does not agree with its digest", path,
                             checkpoint_field_name(time));
    return STATUS_OK;
}

static enum status check_contents(const char *path, struct checkpoint_head *head, struct error *err)
{
    struct buffer outflows[CHECKPOINT_TIMES] = {0};
    struct digest state;
    struct checkpoint_parts parts = {.outflows = {&outflows[0], &outflows[1]},
                                     .state_digest = &state};
    enum status status = checkpoint_file_verify(path, err);
    if (status == STATUS_OK)
        status = checkpoint_file_read(path, head, &parts, err);
    if (status == STATUS_OK && !checkpoint_rest_agrees(head, outflows, state))
        status = error_set(err, STATUS_NO_INPUT,
                           "%s: its outflow or state does not agree with its digest", path);
    if (status == STATUS_OK)
        status = check_fields(path, head, err);
    buffer_release(&outflows[0]);
    buffer_release(&outflows[1]);
    return status;
}

struct looking {
    const char *path;
    struct checkpoint_head head;
};

static enum status look(void *context, struct isolated *isolated, struct error *err)
{
    struct looking *looking = context;
    TRY(check_contents(looking->path, &looking->head, err));
    isolated_send(isolated, &looking->head, sizeof looking->head);
    return STATUS_OK;
}

static void take_head(void *context, const void *message, size_t size)
{
    struct looking *looking = context;
    if (size == sizeof looking->head)
        memcpy(&looking->head, message, size);
}

enum status checkpoint_file_prove(const char *path, struct checkpoint_head *head, struct error *err)
{
    char what[PATH_MAX + 16];
    struct looking looking = {.path = path, .head = {.window = -1}};
    snprintf(what, sizeof what, "reading %s", path);
    TRY(isolated_run(what, look, take_head, &looking, err));
    *head = looking.head;
    return STATUS_OK;
}

static enum status check_file(const char *path, const struct manifest_checkpoint *entry,
                              struct error *err)
{
    struct checkpoint_head head;
    if (!durable_exists(path))
        return error_set(err, STATUS_NO_INPUT, "%s is missing: it is the newest checkpoint", path);
    TRY(checkpoint_file_prove(path, &head, err));
    if (head.window == entry->window && checkpoint_seal_equal(&head.seal, &entry->seal))
        return STATUS_OK;
    return error_set(err, STATUS_NO_INPUT,
                     "%s: it is a whole checkpoint, of window %lld, but not the one that the "
                     "manifest names",
                     path, (long long)head.window);
}

/* A run that goes on removes old checkpoints, and replaces one of the same window. */
static enum status is_still_said(const struct verify *verify,
                                 const struct manifest_checkpoint *entry, const char *file,
                                 bool *said, struct error *err)
{
    char path[PATH_MAX];
    struct manifest *now;
    const struct manifest_checkpoint *list;
    TRY(path_join(path, sizeof path, verify->directory, "manifest", err));
    TRY(manifest_open(path, false, &now, err));
    int count = manifest_checkpoints(now, &list);
    *said = false;
    for (int i = 0; i < count; i++)
        if (list[i].window == entry->window)
            *said = checkpoint_seal_equal(&list[i].seal, &entry->seal) &&
                    (i == count - 1 || durable_exists(file));
    manifest_close(now);
    return STATUS_OK;
}

static enum status check_listed(struct verify *verify, const struct manifest_checkpoint *entry,
                                bool newest, struct error *err)
{
    char path[PATH_MAX], name[64] = "ckpt/";
    struct error reason = {""};
    bool said = true;
    checkpoint_name(entry->window, name + strlen(name));
    TRY(path_join(path, sizeof path, verify->directory, name, err));
    if (!newest && !durable_exists(path))
        return STATUS_OK; /* removed, as old ones are */
    enum status status = check_file(path, entry, &reason);
    if (status == STATUS_IO)
        return error_set(err, status, "%s", reason.text);
    if (status != STATUS_OK && verify->live)
        TRY(is_still_said(verify, entry, path, &said, err));
    if (status == STATUS_OK) {
        verify->counts.checkpoints++;
        verify->counts.checkpoint_window = entry->window;
    } else if (said) {
        verify_differs(verify, "%s", reason.text);
    }
    return STATUS_OK;
}

enum status verify_checkpoints(struct verify *verify, const struct manifest *manifest,
                               struct error *err)
{
    const struct manifest_checkpoint *list;
    int count = manifest_checkpoints(manifest, &list);
    verify->counts.checkpoint_window = -1;
    for (int i = 0; i < count; i++)
        TRY(check_listed(verify, &list[i], i == count - 1, err));
    return STATUS_OK;
}
