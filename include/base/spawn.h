/* Programs that threads start, and may have to kill with all that these start in turn. */
#ifndef HEATSTREAM_BASE_SPAWN_H
#define HEATSTREAM_BASE_SPAWN_H

#include <spawn.h>
#include <sys/types.h>

/* Starts `program` (looked for in PATH when it has no slash) in a process group of its own, with
 * the signals as a program expects them, which are blocked in our threads. posix_spawn() copies no
 * memory: after MPI_Init() a fork() might take pages from a network card. 0, or an errno. */
int spawn_group(const char *program, char *const *arguments,
                const posix_spawn_file_actions_t *actions, pid_t *child);

/* Kills the group and takes the child's exit state away. */
void spawn_kill_group(pid_t child);

#endif
