#define _GNU_SOURCE
#include "failpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MOST_POINTS = 256, NAME_ROOM = 40 };
enum action { KILL_BEFORE, KILL_HALF, KILL_AFTER, HOLD, STALL, SHORT, REFUSE, SPOIL };

struct failpoint {
    char name[NAME_ROOM];
    bool spoils; /* has an outcome that can be made wrong */
    atomic_long reached;
};

static struct {
    struct failpoint points[MOST_POINTS];
    int count;
    struct failpoint *armed; /* NULL: none, or not on this rank */
    enum action action;
    int error; /* of REFUSE */
    long at;
    bool goes_on; /* acts every time from `at` on */
    const char *trace;
} all;

static void leave_with(const char *problem, const char *what)
{
    fprintf(stderr, "HEATSTREAM_FAIL: %s: %s\n", problem, what);
    _exit(64);
}

static void add_point(const char *name, const char *call, size_t length)
{
    if (all.count == MOST_POINTS)
        leave_with("too many points", name);
    struct failpoint *point = &all.points[all.count++];
    if (length > 0)
        snprintf(point->name, sizeof point->name, "%s.%.*s", name, (int)length, call);
    else
        snprintf(point->name, sizeof point->name, "%s", name);
}

static void add_spoiled(const char *name)
{
    add_point(name, "", 0);
    all.points[all.count - 1].spoils = true;
}

static void add_calls(const char *file, const char *calls)
{
    for (const char *call = calls; *call; call += strspn(call, " ")) {
        size_t length = strcspn(call, " ");
        add_point(file, call, length);
        call += length;
    }
}

static void add_points(void)
{
#define STEP(name, type, parameters, arguments) add_point(#name, "", 0);
#define STEP_VOID(name, parameters, arguments) add_point(#name, "", 0);
#define STEP_SPOILED(name, type, parameters, arguments, spoil) add_spoiled(#name);
#define FILE_CALLS(file, pattern, calls) add_calls(file, calls);
#include "points.def"
}

struct failpoint *failpoint_find(const char *file, const char *call)
{
    char name[NAME_ROOM];
    snprintf(name, sizeof name, "%s%s%s", file, *call ? "." : "", call);
    for (int i = 0; i < all.count; i++)
        if (strcmp(all.points[i].name, name) == 0)
            return &all.points[i];
    return NULL;
}

static bool is_system_call(const struct failpoint *point)
{
    return strchr(point->name, '.') != NULL;
}

static void parse_action(const char *text)
{
    static const struct {
        const char *name;
        enum action action;
        int error;
    } actions[] = {
        {"kill-before", KILL_BEFORE, 0},
        {"kill-half", KILL_HALF, 0},
        {"kill-after", KILL_AFTER, 0},
        {"hold", HOLD, 0},
        {"stall", STALL, 0},
        {"spoil", SPOIL, 0},
        {"short", SHORT, 0},
        {"ENOSPC", REFUSE, ENOSPC},
        {"EIO", REFUSE, EIO},
        {"EDQUOT", REFUSE, EDQUOT},
    };
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (strcmp(text, actions[i].name) == 0) {
            all.action = actions[i].action;
            all.error = actions[i].error;
            bool of_calls = all.action == KILL_HALF || all.action == SHORT || all.error;
            if (of_calls && !is_system_call(all.armed))
                leave_with("only system calls can be refused", all.armed->name);
            if (all.action == SPOIL && !all.armed->spoils)
                leave_with("has no outcome that can be made wrong", all.armed->name);
            return;
        }
    leave_with("no such action", text);
}

static int own_rank(void)
{
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    return rank ? atoi(rank) : 0;
}

static void arm(const char *order)
{
    char name[NAME_ROOM], plus = 0, action[16];
    int rank = -1;
    if (sscanf(order, "%39[^:]:%ld:%15[^@]@%d", name, &all.at, action, &rank) < 3 &&
        sscanf(order, "%39[^:]:%ld%c:%15[^@]@%d", name, &all.at, &plus, action, &rank) < 4)
        leave_with("not POINT:COUNT:ACTION@RANK", order);
    all.goes_on = plus == '+';
    all.armed = failpoint_find(name, "");
    if (!all.armed || all.at < 1 || (plus && plus != '+'))
        leave_with("no such point or count", order);
    parse_action(action);
    if (rank >= 0 && rank != own_rank())
        all.armed = NULL;
}

static void print_list(void)
{
    for (int i = 0; i < all.count; i++)
        puts(all.points[i].name);
    fflush(stdout);
    _exit(0);
}

/* Before main(), for which the variable would be an option of the deck. */
__attribute__((constructor)) static void begin(void)
{
    static const char trace[] = "trace:";
    const char *order = getenv("HEATSTREAM_FAIL");
    add_points();
    if (!order)
        return;
    order = strdup(order);
    unsetenv("HEATSTREAM_FAIL");
    if (strcmp(order, "list") == 0)
        print_list();
    else if (strncmp(order, trace, sizeof trace - 1) == 0)
        all.trace = order + sizeof trace - 1;
    else
        arm(order);
}

__attribute__((destructor)) static void end(void)
{
    int fd = all.trace ? open(all.trace, O_WRONLY | O_CREAT | O_APPEND, 0644) : -1;
    for (int i = 0; fd >= 0 && i < all.count; i++)
        if (all.points[i].reached > 0)
            dprintf(fd, "%d %s %ld\n", own_rank(), all.points[i].name, all.points[i].reached);
}

/* This thread alone, as a disk that does not answer would. */
static void stall(void)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    const char *path = getenv("FAILPOINT_STALL");
    struct stat info;
    while (path && stat(path, &info) == 0)
        nanosleep(&pause, NULL);
}

struct failpoint_visit failpoint_enter(struct failpoint *point)
{
    struct failpoint_visit visit = {.point = point};
    if (!point)
        return visit;
    long times = atomic_fetch_add(&point->reached, 1) + 1;
    visit.acts = point == all.armed && (all.goes_on ? times >= all.at : times == all.at);
    if (visit.acts && all.action == KILL_BEFORE)
        raise(SIGKILL);
    if (visit.acts && all.action == HOLD)
        raise(SIGSTOP);
    if (visit.acts && all.action == STALL)
        stall();
    return visit;
}

void failpoint_leave(struct failpoint_visit visit)
{
    int error = errno;
    if (visit.acts && (all.action == KILL_AFTER || all.action == KILL_HALF))
        raise(SIGKILL);
    errno = error;
}

bool failpoint_refuses(struct failpoint_visit visit)
{
    if (!visit.acts || all.action != REFUSE)
        return false;
    errno = all.error;
    return true;
}

bool failpoint_spoils(struct failpoint_visit visit)
{
    return visit.acts && all.action == SPOIL;
}

size_t failpoint_part(struct failpoint_visit visit, size_t size)
{
    return visit.acts && (all.action == KILL_HALF || all.action == SHORT) ? size / 2 : size;
}
