/* The command line: options of all commands parsed into one plain struct, and the commands. */
#ifndef HEATSTREAM_CLI_CLI_H
#define HEATSTREAM_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/status.h"
#include "run/machine.h"

enum cli_command {
    CLI_NONE, /* only help or the version was asked for */
    CLI_RUN,
    CLI_CHECK,
    CLI_GEN,
    CLI_RECORD,
    CLI_INFO,
    CLI_VERIFY,
    CLI_PACK,
    CLI_COMPARE,
    CLI_REPLAY,
    CLI_GENERATE,
    CLI_COMMANDS
};

/* From which checkpoint a run goes on. AUTO: from the newest good one if the run directory has any;
 * LATEST: the same, but none is an error; NONE: from the beginning; FILE: from `restart_file`. */
enum cli_restart { CLI_RESTART_AUTO, CLI_RESTART_LATEST, CLI_RESTART_NONE, CLI_RESTART_FILE };

enum cli_until {
    CLI_UNTIL_NONE,
    CLI_UNTIL_END,     /* the end offsets of the topic as they are at the start */
    CLI_UNTIL_WINDOWS, /* until_value windows */
    CLI_UNTIL_TIME     /* the window that holds the time until_value (ms) is the last */
};

/* Written by cli_parse(); strings are owned. */
struct cli_options {
    enum cli_command command;
    bool help, version;
    char *path;       /* the operand: DECK, PATH, RUN, A or NAME; NULL when not given */
    char *other;      /* B of compare, FILE of pack */
    char **overrides; /* "key=value" for deck_load(), in the order of the command line */
    int override_count;
    enum cli_restart restart;
    char *restart_file;
    enum cli_until until;
    int64_t until_value;
    int64_t time_limit_s; /* -1: none */
    char *from;           /* where a topic is first read: beginning|end|N|-N|s@MS */
    bool accept_gap;      /* go on without lost records, step through any jump of event time */
    bool dry_run, print_config;
    char *gen_out;    /* gen --out: file prefix or "-"; NULL: the topic */
    char *record_out; /* record --out: the event log; NULL: named after the topic */
    char *listen;     /* replay --listen: HOST:PORT; NULL: any port of the loopback interface */
    char *token_file; /* replay --token-file; NULL: none */
    char *deck;       /* replay --deck; NULL: the run's own alone */
    bool alerts;      /* replay --alerts */
    bool terminal;    /* replay --terminal */
    int64_t window;   /* replay --window; -1: not given */
    double pace;      /* gen --pace: times real time; 0: as fast as possible */
    bool json;        /* info --json */
    bool repair;      /* verify --repair */
    bool regions;     /* compare --regions */
    int ranks;        /* check --ranks; 0: not given */
    char *calibrate;  /* check --calibrate: where files are measured; NULL: not given */
    char *machine;    /* check --machine: the file of constants; NULL: the machine's own */
    struct machine_link network; /* check --network, without message_s; zeros: not given */
    char *command_line;          /* all arguments joined for provenance, secrets shown as *** */
    char *exposed; /* an argument that holds a secret, shown as ***; NULL: none does */
};

/* Local, without MPI. STATUS_USAGE carries what is wrong and "heatstream COMMAND -h". Files named
 * by -F are read here. Secrets in argv are overwritten. The options are to be released in every
 * case. */
enum status cli_parse(int argc, char **argv, struct cli_options *options,
                      struct error *err) MUST_CHECK;
void cli_release(struct cli_options *options);

/* A warning where the command line holds a secret: others can read it, and mpirun's too. */
void cli_warn_exposed(const struct cli_options *options);

/* The help text of a command (CLI_NONE: of the program), or one line naming version and git id. */
void cli_help(enum cli_command command, struct buffer *text);
void cli_version(struct buffer *text);

/* True on rank 0 of a parallel start and without one: asks the launcher's environment, because MPI
 * is not running yet when a usage error has to be told once. */
bool cli_is_first_rank(void);

/* The commands, one a file in src/cli. command_run(), and command_check() to calibrate, start and
 * end MPI themselves and return the same status on every rank; else and the others are called on
 * the first rank only. */
enum status command_run(const struct cli_options *options, struct error *err) MUST_CHECK;
enum status command_check(const struct cli_options *options, struct error *err) MUST_CHECK;
enum status command_gen(const struct cli_options *options, struct error *err) MUST_CHECK;
enum status command_record(const struct cli_options *options, struct error *err) MUST_CHECK;
enum status command_info(const struct cli_options *options, struct error *err) MUST_CHECK;
enum status command_verify(const struct cli_options *options, struct error *err) MUST_CHECK;
enum status command_pack(const struct cli_options *options, struct error *err) MUST_CHECK;
enum status command_compare(const struct cli_options *options, struct error *err) MUST_CHECK;
enum status command_replay(const struct cli_options *options, struct error *err) MUST_CHECK;
enum status command_generate(const struct cli_options *options, struct error *err) MUST_CHECK;

#endif
