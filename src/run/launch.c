#include "run/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/durable.h"

enum { HOST = 256, TOKEN = 64, PATIENCE_MS = 5000, PAUSE_MS = 20 };

void launch_look(MPI_Comm comm, struct launch *launch)
{
    MPI_Comm node;
    int ranks, rank;
    MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    MPI_Comm_size(node, &ranks);
    MPI_Comm_rank(node, &rank);
    MPI_Comm_free(&node);
    int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    int first[2] = {rank == 0, rank == 0 ? cores : 0}, sums[2];
    int tops[3] = {ranks, -ranks, ranks - cores}, most[3];
    MPI_Comm_size(comm, &launch->ranks);
    MPI_Allreduce(first, sums, 2, MPI_INT, MPI_SUM, comm);
    MPI_Allreduce(tops, most, 3, MPI_INT, MPI_MAX, comm);
    launch->nodes = sums[0];
    launch->cores = sums[1];
    launch->most = most[0];
    launch->least = -most[1];
    launch->spare = -most[2];
}

void launch_describe(const struct launch *launch, struct buffer *text)
{
    buffer_printf(text, "%d rank%s on %d node%s (%d core%s)", launch->ranks,
                  launch->ranks == 1 ? "" : "s", launch->nodes, launch->nodes == 1 ? "" : "s",
                  launch->cores, launch->cores == 1 ? "" : "s");
    if (launch->least != launch->most)
        buffer_printf(text, ", unevenly: %d to %d ranks a node, and all wait for the slowest",
                      launch->least, launch->most);
    if (launch->spare < 0)
        buffer_printf(text, ", more ranks than cores: they take turns");
}

/* How many ranks a launcher meant to start: `srun`, or mpirun of another MPI library. */
static long tasks_asked_for(void)
{
    const char *of_step = getenv("SLURM_STEP_NUM_TASKS"), *of_pmi = getenv("PMI_SIZE");
    long step = of_step ? strtol(of_step, NULL, 10) : 1;
    long pmi = of_pmi ? strtol(of_pmi, NULL, 10) : 1;
    return step > pmi ? step : pmi;
}

enum status launch_check_size(int ranks, struct error *err)
{
    long asked = tasks_asked_for();
    if (ranks > 1 || asked <= 1)
        return STATUS_OK;
    return error_set(err, STATUS_USAGE,
                     "%ld tasks were started, but each as a run of its own: use `srun --mpi=pmix` "
                     "or the mpirun of Open MPI",
                     asked);
}

static void host_of_rank(MPI_Comm comm, int rank, char host[HOST])
{
    memset(host, 0, HOST);
    gethostname(host, HOST - 1);
    MPI_Bcast(host, HOST, MPI_BYTE, rank, comm);
}

/* Collective: the lowest rank that is not well, or -1. */
static int lowest_unwell(MPI_Comm comm, bool well)
{
    int rank, mine, lowest;
    MPI_Comm_rank(comm, &rank);
    mine = well ? INT_MAX : rank;
    MPI_Allreduce(&mine, &lowest, 1, MPI_INT, MPI_MIN, comm);
    return lowest == INT_MAX ? -1 : lowest;
}

enum status launch_check_build(MPI_Comm comm, const char *build, struct error *err)
{
    char of_root[LAUNCH_BUILD_BYTES] = "", mine[LAUNCH_BUILD_BYTES] = "", host[HOST];
    snprintf(mine, sizeof mine, "%s", build);
    memcpy(of_root, mine, sizeof mine);
    MPI_Bcast(of_root, LAUNCH_BUILD_BYTES, MPI_BYTE, 0, comm);
    int other = lowest_unwell(comm, !memcmp(of_root, mine, sizeof mine));
    if (other < 0)
        return STATUS_OK;
    MPI_Bcast(mine, LAUNCH_BUILD_BYTES, MPI_BYTE, other, comm);
    host_of_rank(comm, other, host);
    return error_set(err, STATUS_USAGE,
                     "rank 0 is heatstream %s, but rank %d on %s is %s: install one build on all "
                     "nodes",
                     of_root, other, host, mine);
}

static bool holds(const char *path, const char *token)
{
    char text[TOKEN] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t size = read(fd, text, sizeof text);
    close(fd);
    return size == TOKEN && !memcmp(text, token, TOKEN);
}

/* Network file systems may show a new file late. */
static bool comes_to_hold(const char *path, const char *token)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    for (int waited = 0; waited < PATIENCE_MS; waited += PAUSE_MS) {
        if (holds(path, token))
            return true;
        nanosleep(&pause, NULL);
    }
    return holds(path, token);
}

static enum status write_token(const char *path, const char *token, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return error_set(err, STATUS_CANNOT_CREATE, "creating %s: %s", path, strerror(errno));
    enum status status = durable_write_all(fd, path, token, TOKEN, err);
    close(fd);
    return status;
}

/* Of this moment and process: what an earlier run left behind is another one. */
static void make_token(char token[TOKEN])
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(token, TOKEN, "%ld %lld.%09ld", (long)getpid(), (long long)now.tv_sec, now.tv_nsec);
}

enum status launch_check_shared(MPI_Comm comm, const char *directory, struct error *err)
{
    char token[TOKEN] = "", path[PATH_MAX], host[HOST], root_host[HOST];
    int rank;
    MPI_Comm_rank(comm, &rank);
    enum status status = STATUS_OK;
    if (rank == 0) {
        make_token(token);
        status = path_join(path, sizeof path, directory, ".shared", err);
        if (status == STATUS_OK)
            status = write_token(path, token, err);
    }
    MPI_Bcast(&status, (int)sizeof status, MPI_BYTE, 0, comm);
    if (status != STATUS_OK) {
        MPI_Bcast(err->text, (int)sizeof err->text, MPI_CHAR, 0, comm);
        return status;
    }
    MPI_Bcast(token, TOKEN, MPI_BYTE, 0, comm);
    bool well =
        rank == 0 || (path_join(path, sizeof path, directory, ".shared", err) == STATUS_OK &&
                      comes_to_hold(path, token));
    int blind = lowest_unwell(comm, well);
    if (rank == 0)
        unlink(path);
    if (blind < 0)
        return STATUS_OK;
    host_of_rank(comm, blind, host);
    host_of_rank(comm, 0, root_host);
    return error_set(err, STATUS_CANNOT_CREATE,
                     "rank %d on %s does not see what rank 0 on %s writes to %s: run.out or --out "
                     "must name a directory that all nodes share",
                     blind, host, root_host, directory);
}
