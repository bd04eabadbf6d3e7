#include "epochs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/log.h"
#include "base/monotonic.h"

/* The ranks of a killed mpirun outlive it by up to a second, and a last beat may just have been
 * seen: a restart at once must not be turned away. */
static const double least_watch_s = 3.0;

/* A start waits for a day at most (run.takeover_s). */
enum { REMOVE_TRIES = 100, ABANDONED_S = 2 * 86400 };

enum status epoch_path(const char *root, int64_t number, char path[PATH_MAX], struct error *err)
{
    char name[32];
    snprintf(name, sizeof name, "epoch.%lld", (long long)number);
    return path_join(path, PATH_MAX, root, name, err);
}

static int64_t number_of(const char *name)
{
    long long number;
    int end = 0;
    char same[32];
    if (sscanf(name, "epoch.%18lld%n", &number, &end) != 1 || name[end] || number <= 0)
        return 0;
    snprintf(same, sizeof same, "epoch.%lld", number);
    return strcmp(name, same) == 0 ? number : 0; /* not of "epoch.05" */
}

enum status epoch_newest(const char *root, int64_t limit, int64_t *number, struct error *err)
{
    DIR *entries = opendir(root);
    int64_t newest = 0;
    if (!entries)
        return error_set(err, STATUS_CANNOT_CREATE, "opening %s: %s", root, strerror(errno));
    for (struct dirent *entry; (entry = readdir(entries));) {
        int64_t found = number_of(entry->d_name);
        if (found < limit && found > newest)
            newest = found;
    }
    closedir(entries);
    *number = newest;
    return STATUS_OK;
}

/* A short text file; "" when it cannot be read. */
static void read_text(const char *directory, const char *name, char *text, size_t size)
{
    char path[PATH_MAX];
    struct error ignored;
    text[0] = '\0';
    if (path_join(path, sizeof path, directory, name, &ignored) != STATUS_OK)
        return;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);
    text[got > 0 ? got : 0] = '\0';
    if (fd >= 0)
        close(fd);
}

static bool has_file(const char *directory, const char *name)
{
    char path[PATH_MAX];
    struct error ignored;
    return path_join(path, sizeof path, directory, name, &ignored) == STATUS_OK &&
           durable_exists(path);
}

void epoch_owner(const char *root, int64_t number, char owner[EPOCH_OWNER_BYTES])
{
    char directory[PATH_MAX];
    struct error ignored;
    owner[0] = '\0';
    if (epoch_path(root, number, directory, &ignored) != STATUS_OK)
        return;
    read_text(directory, EPOCH_OWNER, owner, EPOCH_OWNER_BYTES);
    if (!owner[0])
        read_text(directory, EPOCH_RELEASED, owner, EPOCH_OWNER_BYTES);
}

/* "on <host>\nboot <id> ": what owners of the present boot of this host have in common. */
static void present_place(char place[EPOCH_OWNER_BYTES])
{
    char host[256] = "", boot[64] = "";
    gethostname(host, sizeof host - 1);
    read_text("/proc/sys/kernel/random", "boot_id", boot, sizeof boot);
    boot[strcspn(boot, "\n")] = '\0';
    snprintf(place, EPOCH_OWNER_BYTES, "on %s\nboot %s ", host, boot);
}

/* Processes that share a name of their host may share their number, too, as containers do. */
void epoch_unique(char unique[EPOCH_UNIQUE_BYTES])
{
    char host[65] = "";
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    gethostname(host, sizeof host - 1);
    snprintf(unique, EPOCH_UNIQUE_BYTES, "%lld.%09ld.%ld.%s", (long long)now.tv_sec, now.tv_nsec,
             (long)getpid(), host);
}

void epoch_identity(const char *unique, bool locked, char owner[EPOCH_OWNER_BYTES])
{
    char place[EPOCH_OWNER_BYTES];
    present_place(place);
    if (!locked)
        strcpy(strchr(place, '\n'), "\nno lock ");
    snprintf(owner, EPOCH_OWNER_BYTES, "process %ld %.350s%.*s\n", (long)getpid(), place,
             EPOCH_UNIQUE_BYTES, unique);
}

/* A lock that the kernel of this very boot has given back proves that its holder is dead. Of other
 * hosts it proves nothing: some file systems keep locks to each host. */
static bool is_dead(const char *directory)
{
    char owner[EPOCH_OWNER_BYTES], place[EPOCH_OWNER_BYTES], path[PATH_MAX];
    struct error ignored;
    read_text(directory, EPOCH_OWNER, owner, sizeof owner);
    present_place(place);
    if (!strstr(owner, place) ||
        path_join(path, sizeof path, directory, EPOCH_OWNER, &ignored) != STATUS_OK)
        return false;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool dead = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (fd >= 0)
        close(fd);
    return dead;
}

/* A server that does not answer says nothing about it. */
static bool is_gone(const char *directory)
{
    struct stat info;
    return stat(directory, &info) != 0 && errno == ENOENT;
}

static bool is_over(const char *directory)
{
    return is_gone(directory) || has_file(directory, EPOCH_RELEASED) || is_dead(directory);
}

bool epoch_is_over(const char *root, int64_t number)
{
    char directory[PATH_MAX];
    struct error ignored;
    return epoch_path(root, number, directory, &ignored) == STATUS_OK && is_over(directory);
}

/* What is seen of a run that may live. */
struct watch {
    char directory[PATH_MAX], beat[64];
    double began_s, beat_s; /* of the watch; of the last change of the beat */
    double patience_s;
    bool said;
};

static enum epoch_verdict look(struct watch *watch)
{
    char beat[sizeof watch->beat];
    double now = monotonic_s();
    if (is_over(watch->directory))
        return EPOCH_OVER;
    read_text(watch->directory, EPOCH_BEAT, beat, sizeof beat);
    if (strcmp(beat, watch->beat) != 0) {
        watch->beat_s = now;
        strcpy(watch->beat, beat);
    }
    return now - watch->beat_s >= watch->patience_s ? EPOCH_SILENT : EPOCH_ALIVE;
}

static void say_wait(struct watch *watch, const char *root, int64_t number)
{
    char owner[EPOCH_OWNER_BYTES];
    if (watch->said || monotonic_s() - watch->beat_s < least_watch_s)
        return;
    epoch_owner(root, number, owner);
    log_info("%s may be held by %.*s, of which it is not certain that it is dead: waiting for a "
             "sign of life for up to %g s",
             root, (int)strcspn(owner, "\n"), owner, watch->patience_s);
    watch->said = true;
}

enum epoch_verdict epoch_watch(const char *root, int64_t number, double patience_s)
{
    const struct timespec pause = {.tv_nsec = 50000000};
    struct watch watch = {.patience_s = patience_s};
    struct error ignored;
    if (epoch_path(root, number, watch.directory, &ignored) != STATUS_OK)
        return EPOCH_OVER;
    read_text(watch.directory, EPOCH_BEAT, watch.beat, sizeof watch.beat);
    watch.began_s = watch.beat_s = monotonic_s();
    for (;;) {
        enum epoch_verdict verdict = look(&watch);
        bool beaten = watch.beat_s - watch.began_s >= least_watch_s;
        if (verdict != EPOCH_ALIVE || beaten)
            return verdict;
        say_wait(&watch, root, number);
        nanosleep(&pause, NULL);
    }
}

/* What an NFS client keeps of a removed file that a process on it has open. */
static bool is_remnant(const char *name)
{
    return strncmp(name, ".nfs", 4) == 0;
}

/* Whether it is gone, or empty and about to be. Directories are in each other at most once. */
static bool remove_entry(const char *path)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return false; /* what has had one entry may have more */
    return (errno == EISDIR || errno == EPERM) && epoch_remove_directory(path);
}

/* Returns how many entries are left that another process may still be adding. */
static int empty_directory(const char *path)
{
    DIR *entries = opendir(path);
    char file[PATH_MAX];
    struct error ignored;
    int left = 0;
    if (!entries)
        return 0;
    for (struct dirent *entry; (entry = readdir(entries));) {
        const char *name = entry->d_name;
        if (!strcmp(name, ".") || !strcmp(name, "..") || is_remnant(name))
            continue;
        if (path_join(file, sizeof file, path, name, &ignored) != STATUS_OK || !remove_entry(file))
            left++;
    }
    closedir(entries);
    return left;
}

bool epoch_remove_directory(const char *path)
{
    for (int tries = 0; tries < REMOVE_TRIES; tries++) {
        int left = empty_directory(path);
        if (rmdir(path) == 0 || errno == ENOENT)
            return true;
        if ((errno != ENOTEMPTY && errno != EEXIST))
            return false;
        if (left == 0)
            return true; /* but for remnants: nothing can be renamed out of it */
    }
    errno = ENOTEMPTY;
    return false;
}

/* It is renamed first, so that a run that goes on meanwhile finds no way into it any more; a call
 * that is under way finds the file it is about gone, or is over before the directory is. */
enum status epoch_remove(const char *root, int64_t number, struct error *err)
{
    char path[PATH_MAX], gone[PATH_MAX], name[64];
    TRY(epoch_path(root, number, path, err));
    snprintf(name, sizeof name, "epoch.%lld.gone", (long long)number);
    TRY(path_join(gone, sizeof gone, root, name, err));
    bool renamed = false;
    for (int tries = 0; !renamed && tries < REMOVE_TRIES; tries++) {
        (void)epoch_remove_directory(gone); /* what a killed start has left of it */
        renamed = rename(path, gone) == 0 || errno == ENOENT;
        if (!renamed && errno != ENOTEMPTY && errno != EEXIST)
            break;
    }
    if (!renamed)
        return error_set(err, STATUS_CANNOT_CREATE, "renaming %s to %s: %s", path, gone,
                         strerror(errno));
    if (!epoch_remove_directory(gone))
        return error_set(err, STATUS_CANNOT_CREATE, "removing %s: %s", gone, strerror(errno));
    return STATUS_OK;
}

/* When a directory got its last entry, in seconds of the file server's clock; 0: not known. */
static int64_t last_change_s(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (int64_t)info.st_mtime : 0;
}

static bool is_removed(const char *name)
{
    const char *end = strrchr(name, '.');
    return strncmp(name, "epoch.", 6) == 0 && end && strcmp(end, ".gone") == 0;
}

/* A candidate that is older than any start waits, or whose process is known to be dead. */
static bool is_abandoned(const char *path, int64_t now_s)
{
    int64_t made_s = last_change_s(path);
    return is_dead(path) || (made_s > 0 && now_s - made_s > ABANDONED_S);
}

void epoch_tidy(const char *root, const char *own)
{
    DIR *entries = opendir(root);
    char path[PATH_MAX];
    struct error ignored;
    int64_t now = last_change_s(own);
    if (!entries)
        return;
    for (struct dirent *entry; (entry = readdir(entries));) {
        const char *name = entry->d_name;
        bool candidate = strncmp(name, "epoch.new.", 10) == 0;
        if (path_join(path, sizeof path, root, name, &ignored) == STATUS_OK &&
            (candidate ? is_abandoned(path, now) : is_removed(name)))
            (void)epoch_remove_directory(path);
    }
    closedir(entries);
}
