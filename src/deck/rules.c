#include "rules.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "deck/regions.h"
#include "deck/timestep.h"
#include "output_rules.h"
#include "stream_rules.h"
#include "watch_rules.h"

static void replace(char **text, char *value)
{
    free(*text);
    *text = memory_checked(value);
}

/* The deck's file name without its ending, in characters that are good in a directory name. */
static char *id_of_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *id = memory_text(slash ? slash + 1 : path);
    char *dot = strrchr(id, '.');
    if (dot && dot != id)
        *dot = '\0';
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    for (char *c = id; *c; c++)
        if (!strchr(good, *c) || (c == id && *c == '.'))
            *c = '_';
    if (strlen(id) > 200)
        id[200] = '\0';
    return id;
}

/* `name` in the folder of the deck, made absolute by the current directory. */
static char *place_beside(const char *deck_path, const char *name, const char *current)
{
    const char *slash = strrchr(deck_path, '/');
    int folder = slash ? (int)(slash - deck_path) + 1 : 0;
    bool absolute = *deck_path == '/';
    size_t size = strlen(current) + (size_t)folder + strlen(name) + 2;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s%s%.*s%s", absolute ? "" : current, absolute ? "" : "/", folder,
                 deck_path, name);
    return path;
}

static void make_absolute(const struct deck *deck, const char *current, char **file)
{
    if (*file && **file != '/')
        replace(file, place_beside(deck->path, *file, current));
}

/* Absolute, so that the deck printed into a run directory still finds its files. */
static enum status resolve_files(struct deck *deck, struct error *err)
{
    char current[PATH_MAX];
    const char *key = deck->stream.sensors            ? "stream.sensors"
                      : deck->stream.schema           ? "stream.schema"
                      : deck->stream.oauth_token_file ? "stream.oauth_token_file"
                      : deck->regions.count > 0       ? "regions"
                      : deck->watch.token_file        ? "watch.token_file"
                      : deck->gen.csv                 ? "gen.csv"
                                                      : "stream.files";
    if (!getcwd(current, sizeof current))
        return deck_error(deck, key, err, "the current directory: %s", strerror(errno));
    make_absolute(deck, current, &deck->stream.sensors);
    make_absolute(deck, current, &deck->stream.schema);
    make_absolute(deck, current, &deck->stream.oauth_token_file);
    make_absolute(deck, current, &deck->watch.token_file);
    make_absolute(deck, current, &deck->gen.csv);
    for (int i = 0; i < deck->stream.files.count; i++)
        make_absolute(deck, current, &deck->stream.files.items[i]);
    struct deck_region *regions = deck->regions.items;
    for (int i = 0; i < deck->regions.count; i++)
        make_absolute(deck, current, &regions[i].mask);
    return STATUS_OK;
}

enum status rules_complete(struct deck *deck, struct error *err)
{
    if (!strcmp(deck->run.id, "auto"))
        replace(&deck->run.id, id_of_path(deck->path));
    if (deck->stream.files.count > 0 || deck->stream.sensors || deck->stream.schema ||
        deck->stream.oauth_token_file || deck->watch.token_file || deck->gen.csv ||
        deck->regions.count > 0)
        TRY(resolve_files(deck, err));
    TRY(watch_rules_read_masks(deck, err));
    return stream_rules_read_files(deck, err);
}

static enum status check_id(const struct deck *deck, struct error *err)
{
    const char *id = deck->run.id;
    bool control = false;
    for (const char *c = id; *c; c++)
        control = control || (unsigned char)*c < 0x20 || *c == 0x7f;
    if (*id == '.' || strchr(id, '/') || control)
        return deck_error(deck, "run.id", err,
                          "`%s` cannot name a directory: no slash, leading dot or control "
                          "character",
                          id);
    return STATUS_OK;
}

static enum status check_stability(const struct deck *deck, struct error *err)
{
    double k = deck->physics.conductivity, dx = deck->grid.dx, dy = deck->grid.dy;
    int64_t window_ms = deck->time.window_ms, given = deck->time.substeps;
    int64_t least = timestep_least_substeps(k, dx, dy, window_ms);
    double largest_tau_s = 0.5 / (k / (dx * dx) + k / (dy * dy));
    if (least == 0)
        return deck_error(deck, "physics.conductivity", err,
                          "%g cannot be stepped stably on cells of %g by %g: the largest stable "
                          "time step is %g s, less than a window of %lld ms has room for",
                          k, dx, dy, largest_tau_s, (long long)window_ms);
    if (given == 0 || given >= least)
        return STATUS_OK;
    double tau_s = timestep_tau_s(window_ms, given);
    return deck_error(deck, "time.substeps", err,
                      "%lld is unstable: a time step of %.9g s gives k*tau*(1/dx^2 + 1/dy^2) = "
                      "%.9g, beyond 0.5; the largest stable time step is %.9g s, so at least %lld "
                      "substeps, or `auto`",
                      (long long)given, tau_s, timestep_stability(k, dx, dy, tau_s), largest_tau_s,
                      (long long)least);
}

static enum status check_jump(const struct deck *deck, struct error *err)
{
    int64_t most_ms = (deck->stream.horizon_windows - 1) * deck->time.window_ms;
    if (deck->stream.jump_ms <= most_ms)
        return STATUS_OK;
    return deck_error(deck, "stream.jump_ms", err,
                      "%lld ms is more than (horizon_windows - 1) * window_ms = %lld: raise "
                      "stream.horizon_windows or time.window_ms, or use `auto`",
                      (long long)deck->stream.jump_ms, (long long)most_ms);
}

/* What Kafka takes for a name; a recording is named after its topic. */
static enum status check_topic(const struct deck *deck, const char *key, const char *topic,
                               struct error *err)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    bool name = !topic || (topic[strspn(topic, good)] == '\0' && strcmp(topic, ".") != 0 &&
                           strcmp(topic, "..") != 0);
    return name ? STATUS_OK
                : deck_error(deck, key, err,
                             "`%.60s` cannot name a topic: letters, digits, `.`, `_` and `-`",
                             topic);
}

static enum status check_topics(const struct deck *deck, struct error *err)
{
    TRY(check_topic(deck, "stream.topic", deck->stream.topic, err));
    TRY(check_topic(deck, "stream.dead_letter_topic", deck->stream.dead_letter_topic, err));
    TRY(check_topic(deck, "output.temp_topic", deck->temp.topic, err));
    TRY(check_topic(deck, "output.alert_topic", deck->alert_topic, err));
    if (deck->stream.oauth_token_file && deck->stream.oauth_token_command)
        return deck_error(deck, "stream.oauth_token_command", err,
                          "and stream.oauth_token_file: one of the two gives the token");
    return STATUS_OK;
}

static enum status check_stream(const struct deck *deck, struct error *err)
{
    const char *letters = deck->stream.dead_letter_topic;
    if (deck->stream.source == DECK_SOURCE_FILE && deck->stream.files.count == 0)
        return deck_error(deck, "stream.source", err, "`file` needs stream.files");
    if (letters && !strcmp(letters, deck->stream.topic))
        return deck_error(deck, "stream.dead_letter_topic", err,
                          "`%s` is stream.topic: every dead letter would be read again", letters);
    if (stream_rules_generated(deck) && deck->gen.partition_by == DECK_BY_COLUMN &&
        deck->gen.partitions > deck->grid.nx)
        return deck_error(deck, "gen.partitions", err,
                          "%lld partitions by column, but grid.nx is %lld: some would stay silent "
                          "and hold every window back",
                          (long long)deck->gen.partitions, (long long)deck->grid.nx);
    TRY(check_jump(deck, err));
    TRY(check_topics(deck, err));
    return stream_rules_check(deck, err);
}

enum status rules_check(const struct deck *deck, struct error *err)
{
    TRY(check_id(deck, err));
    TRY(check_stability(deck, err));
    TRY(output_rules_check(deck, err));
    TRY(watch_rules_check(deck, err));
    return check_stream(deck, err);
}
