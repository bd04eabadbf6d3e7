#include "flags.h"

const struct command_text cli_commands[CLI_COMMANDS] = {
    [CLI_NONE] = {"", "COMMAND", "the heat equation driven by a stream of events",
                  "Sensors publish events to Kafka; heatstream solves the heat equation on a grid "
                  "while they do. The same topic and deck give the same bits, for any number of "
                  "ranks, any order of arrival, live or replayed, after any crash."},
    [CLI_RUN] = {"run", "DECK", "read events, step the field, write frames and checkpoints",
                 "Started by mpirun or srun, or alone. A run that was stopped or killed is started "
                 "again with the same command and goes on from its newest good checkpoint."},
    [CLI_CHECK] = {"check", "DECK", "validate a deck; print its time step, memory, files and cost",
                   "Reads nothing but the deck, and what was measured of the machine. Problems are "
                   "told with file, line and column."},
    [CLI_GEN] = {"gen", "DECK", "make events, to Kafka or to files: synthetic ones, or rows of CSV",
                 "The section gen of the deck says which: equal seeds make equal events, and "
                 "gen.csv names a file whose rows are sent as a live stream."},
    [CLI_RECORD] = {"record", "DECK", "record a Kafka topic in a file that runs can read instead",
                    "For clusters whose nodes cannot reach the broker. A file that exists is gone "
                    "on with; a run may read it while it grows."},
    [CLI_INFO] = {"info", "PATH",
                  "say what is in a run directory, frames, checkpoint or event file",
                  "Works on a run that is going on, too."},
    [CLI_VERIFY] =
        {"verify", "RUN", "read all of a run directory again and prove it",
         "Every row by its digests and by the manifest's last word about it, the map of "
         "the master, checkpoints, ledger, dead letters and journal. Exit code 65 when "
         "something is not as it was written. Works on a run that is going on, too: rows "
         "that are just being rewritten are left out, and counted."},
    [CLI_PACK] =
        {"pack", "RUN FILE", "one compressed, self-contained file of a run, for sending",
         "All frames without loss, with series, regions, deck, ledger, dead letters and "
         "alerts; checkpoints and log stay behind. The file is sealed by a digest of all "
         "its bytes, it opens as frames.h5 does, and info, verify, compare and replay take "
         "it as they take a run directory. Of a run that is going on what is committed is "
         "packed. A file that exists is not overwritten."},
    [CLI_COMPARE] = {"compare", "A B", "say how the frames of two runs or frames files differ",
                     "Norms of the difference for each window that differs and over all, and the "
                     "first differing cell. Exit code 0 when all bits are equal, else 65."},
    [CLI_REPLAY] = {"replay", "RUN [OTHER]", "serve the page over stored frames; judge them again",
                    "The page of a live run, with the frames that a run directory holds: finished, "
                    "copied, or still growing; beside those of another run, and their difference, "
                    "where two are named. Until it is interrupted. Nothing is changed. Alerts are "
                    "those of the run's own deck, or of other rules: --deck, -D. A packed run is "
                    "unfolded first, in TMPDIR."},
    [CLI_GENERATE] = {"generate", "NAME", "print a document made from the program's tables",
                      "Manual pages, completion and deck reference; `list` names them."},
};
