#include "base/spawn.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

extern char **environ;

static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETSIGDEF);
}

int spawn_group(const char *program, char *const *arguments,
                const posix_spawn_file_actions_t *actions, pid_t *child)
{
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    int failed = set_attributes(&attributes);
    if (!failed)
        failed = posix_spawnp(child, program, actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    return failed;
}

void spawn_kill_group(pid_t child)
{
    kill(-child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
}
