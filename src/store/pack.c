#include "store/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/durable.h"
#include "pack_file.h"
#include "pack_seal.h"
#include "store/letter_files.h"
#include "store/rundir.h"

enum { MOST_TRIES = 5 };

struct packing {
    const struct pack_config *config;
    char temporary[PATH_MAX];
    int fd;                 /* of it; its lock says that somebody writes it */
    struct buffer manifest; /* whole lines of it */
    FILE *manifest_file;    /* the same, unnamed */
    struct manifest *read;
    struct committed committed;
    struct buffer parts; /* struct pack_part */
    int64_t rows;        /* to be packed */
    int64_t limit;       /* rows from here on are being corrected, while the run goes on */
};

static void forget_manifest(struct packing *packing)
{
    committed_release(&packing->committed);
    manifest_close(packing->read);
    if (packing->manifest_file)
        fclose(packing->manifest_file);
    buffer_clear(&packing->manifest);
    buffer_clear(&packing->parts);
    packing->read = NULL;
    packing->manifest_file = NULL;
}

/* The rows before the first one that is being rewritten. */
static int64_t count_rows(const struct committed *committed)
{
    int64_t rows = 0;
    while (rows < committed->rows && committed->row[rows].frame)
        rows++;
    return rows;
}

/* What is wrong with the copy is told of the manifest. */
static enum status open_copy(struct packing *packing, const char *path, struct error *err)
{
    char copy[32];
    struct error of_copy;
    struct manifest *again;
    snprintf(copy, sizeof copy, "/proc/self/fd/%d", fileno(packing->manifest_file));
    enum status status = manifest_open(copy, false, &packing->read, &of_copy);
    if (status == STATUS_OK)
        return status;
    packing->read = NULL;
    TRY(manifest_open(path, false, &again, err));
    manifest_close(again);
    return error_set(err, status, "%s: %s", path, of_copy.text);
}

/* The manifest as it is now: what is packed of a run that goes on is what it says, and goes along
 * byte by byte. A line that is just being written is left out. */
static enum status read_manifest(struct packing *packing, struct error *err)
{
    char path[PATH_MAX];
    struct manifest_finish finish;
    struct buffer *bytes = &packing->manifest;
    const char *directory = packing->config->directory;
    TRY(path_join(path, sizeof path, directory, "manifest", err));
    if (!durable_exists(path))
        return error_set(err, STATUS_NO_INPUT, "%s is not a run directory: it has no manifest",
                         directory);
    TRY(durable_read_file(path, bytes, err));
    while (bytes->size > 0 && bytes->data[bytes->size - 1] != '\n')
        bytes->size--;
    packing->manifest_file = tmpfile();
    if (!packing->manifest_file ||
        fwrite(bytes->data, 1, bytes->size, packing->manifest_file) != bytes->size ||
        fflush(packing->manifest_file) != 0)
        return error_set(err, STATUS_IO, "keeping a copy of %s: %s", path, strerror(errno));
    TRY(open_copy(packing, path, err));
    TRY(committed_of(packing->read, &packing->committed, err));
    packing->rows = count_rows(&packing->committed);
    if (!manifest_finished(packing->read, &finish))
        packing->rows = min_int64(packing->rows, packing->limit);
    return packing->rows > 0 ? STATUS_OK
                             : error_set(err, STATUS_NO_INPUT, "%s holds no frames yet", directory);
}

static struct pack_part *add_part(struct packing *packing, const char *name)
{
    struct pack_part part = {.size = 0};
    snprintf(part.name, sizeof part.name, "%s", name);
    buffer_append(&packing->parts, &part, sizeof part);
    return (struct pack_part *)(packing->parts.data + packing->parts.size) - 1;
}

/* As long as it is now; one that is not there is left out. */
static enum status add_file(struct packing *packing, const char *name, struct error *err)
{
    char path[PATH_MAX];
    struct stat info;
    TRY(path_join(path, sizeof path, packing->config->directory, name, err));
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return STATUS_OK;
    struct pack_part *part = add_part(packing, name);
    memcpy(part->path, path, sizeof path);
    part->size = info.st_size;
    return STATUS_OK;
}

static enum status add_letters(struct packing *packing, struct error *err)
{
    char name[LETTER_FILE_NAME];
    struct buffer list = {0};
    enum status status = letter_files_list(packing->config->directory, &list, err);
    const int64_t *starts = (const void *)list.data;
    for (size_t i = 0; status == STATUS_OK && i < list.size / sizeof *starts; i++) {
        letter_file_name(starts[i], name);
        status = add_file(packing, name, err);
    }
    buffer_release(&list);
    return status;
}

static enum status list_parts(struct packing *packing, struct error *err)
{
    static const char *const names[] = {"config.yaml", "journal", "alerts.ndjson"};
    struct pack_part *manifest = add_part(packing, "manifest");
    manifest->bytes = packing->manifest.data;
    manifest->size = (int64_t)packing->manifest.size;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        TRY(add_file(packing, names[i], err));
    TRY(add_letters(packing, err));
    if (packing->config->summary) {
        struct pack_part *summary = add_part(packing, "summary.json");
        summary->bytes = packing->config->summary;
        summary->size = (int64_t)strlen(packing->config->summary);
    }
    return STATUS_OK;
}

/* It is no other's that has just been finished and got its name. */
static bool is_still_named(const struct packing *packing)
{
    struct stat open, named;
    return fstat(packing->fd, &open) == 0 && stat(packing->temporary, &named) == 0 &&
           open.st_ino == named.st_ino && open.st_dev == named.st_dev && open.st_nlink == 1;
}

static enum status lock_file(struct packing *packing, struct error *err)
{
    if (flock(packing->fd, LOCK_EX | LOCK_NB) == 0 && is_still_named(packing))
        return STATUS_OK;
    close(packing->fd);
    packing->fd = -1;
    return error_set(err, STATUS_CANNOT_CREATE, "another pack is writing %s", packing->temporary);
}

/* Whatever a killed one has left there is written over. */
static enum status begin_file(struct packing *packing, struct error *err)
{
    const char *path = packing->config->path;
    if (durable_exists(path))
        return error_set(err, STATUS_CANNOT_CREATE, "%s is there already: pack overwrites nothing",
                         path);
    if (snprintf(packing->temporary, PATH_MAX, "%s.tmp", path) >= PATH_MAX)
        return error_set(err, STATUS_CANNOT_CREATE, "%.200s…: the name is too long", path);
    packing->fd = open(packing->temporary, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (packing->fd < 0)
        return error_set(err, STATUS_CANNOT_CREATE, "making %s: %s", packing->temporary,
                         strerror(errno));
    return lock_file(packing, err);
}

static enum status make_once(struct packing *packing, struct error *err)
{
    forget_manifest(packing);
    TRY(read_manifest(packing, err));
    TRY(list_parts(packing, err));
    struct pack_file file = {.source = packing->config->directory,
                             .path = packing->temporary,
                             .command_line = packing->config->command_line,
                             .committed = &packing->committed,
                             .rows = packing->rows,
                             .watch = &packing->config->watch,
                             .parts = (const void *)packing->parts.data,
                             .part_count = (int)(packing->parts.size / sizeof(struct pack_part))};
    enum status status = pack_file_run(&file, err);
    if (status == STATUS_RETRY)
        packing->limit = file.done;
    return status;
}

/* What a run corrects after its row was packed shows in its manifest. */
static enum status check_current(struct packing *packing, struct error *err)
{
    char path[PATH_MAX];
    struct manifest *manifest;
    struct committed now = {0};
    TRY(path_join(path, sizeof path, packing->config->directory, "manifest", err));
    TRY(manifest_open(path, false, &manifest, err));
    enum status status = committed_of(manifest, &now, err);
    for (int64_t row = 0; status == STATUS_OK && row < packing->rows; row++) {
        const struct manifest_frame *was = packing->committed.row[row].frame;
        const struct manifest_frame *is = row < now.rows ? now.row[row].frame : NULL;
        if (!is || is->window != was->window || is->revision != was->revision ||
            !digest_equal(is->digest, was->digest)) {
            packing->limit = row;
            status =
                error_set(err, STATUS_RETRY, "%s: row %lld was corrected while it was being packed",
                          packing->config->directory, (long long)row);
        }
    }
    committed_release(&now);
    manifest_close(manifest);
    return status;
}

/* A run that ends cuts the file of its last frames to its length, which must not be read amid
 * that. */
static enum status make_of_run(struct packing *packing, struct error *err)
{
    struct rundir paths;
    TRY(rundir_paths_of(packing->config->directory, &paths, err));
    bool held = rundir_is_held(&paths);
    enum status status = make_once(packing, err);
    return held && status == STATUS_BAD_DATA ? STATUS_RETRY : status;
}

/* Late events reach so far back and no farther: the second time is mostly the last one. */
static enum status make(struct packing *packing, struct error *err)
{
    enum status status = STATUS_RETRY;
    for (int tries = 0; tries < MOST_TRIES && status == STATUS_RETRY; tries++) {
        status = make_of_run(packing, err);
        if (status == STATUS_OK)
            status = check_current(packing, err);
    }
    if (status == STATUS_RETRY)
        return error_prefix(err, STATUS_STOPPED, "given up after %d times", MOST_TRIES);
    return status;
}

/* link() refuses where a name is taken, in one step; where there are no links it is two. */
static enum status publish(const struct packing *packing, struct error *err)
{
    const char *path = packing->config->path;
    int failed = link(packing->temporary, path) != 0 ? errno : 0;
    bool without_links = failed != 0 && failed != EEXIST && !durable_exists(path);
    if (without_links)
        failed = rename(packing->temporary, path) != 0 ? errno : 0;
    if (failed)
        return error_set(err, STATUS_CANNOT_CREATE, "naming the packed file %s: %s", path,
                         strerror(failed));
    if (!without_links)
        unlink(packing->temporary);
    return durable_sync_parent(path, err);
}

static enum status write_pack(struct packing *packing, int64_t *bytes, struct error *err)
{
    TRY(make(packing, err));
    TRY(pack_seal_append(packing->fd, packing->temporary, bytes, err));
    return publish(packing, err);
}

enum status pack_write(const struct pack_config *config, struct pack_outcome *outcome,
                       struct error *err)
{
    struct packing packing = {.config = config, .fd = -1, .limit = INT64_MAX};
    enum status status = begin_file(&packing, err);
    if (status == STATUS_OK)
        status = write_pack(&packing, &outcome->bytes, err);
    outcome->rows = packing.rows;
    outcome->left_out = packing.committed.rows - packing.rows;
    if (status != STATUS_OK && packing.fd >= 0)
        unlink(packing.temporary);
    if (packing.fd >= 0)
        close(packing.fd);
    forget_manifest(&packing);
    buffer_release(&packing.manifest);
    buffer_release(&packing.parts);
    return status;
}
