#include "deck/options.h"

#include "deck/deck.h"
#include "table_kinds.h"

#define HUGE_RANGE 1e300
#define PATH_BYTES 4095
#define YEAR_MS 31622400000.0 /* 366 days */
#define DAY_MS 86400000.0

const struct deck_option deck_options[] = {
    STRING("run.id", run.id, "auto", 1, 200, DECK_MAY_CHANGE,
           "Name of the run and of its directory under `run.out`. `auto` is the deck's file name "
           "without its ending. A slash or a leading dot is refused."),
    STRING("run.title", run.title, "\"\"", 0, 1000, DECK_MAY_CHANGE,
           "A line for people, stored in every output."),
    STRING("run.out", run.out, "out/", 1, PATH_BYTES, DECK_MAY_CHANGE,
           "Directory that holds run directories, relative to the current directory. A run that "
           "cannot create it stops with exit code 73."),
    DOUBLE("run.lost_after_s", run.lost_after_s, "600", 0, 86400, "s", DECK_MAY_CHANGE,
           "How long ranks wait for each other before they take a host or the network for lost and "
           "the run ends with exit code 76, to be gone on with; 0: for ever. Less than the slowest "
           "write of a frame or checkpoint, or than the time-outs of a broker that another rank "
           "reads from (`ingest.readers`), ends runs that are well."),
    DOUBLE("run.takeover_s", run.takeover_s, "20", 1, 86400, "s", DECK_MAY_CHANGE,
           "How long another run of the same directory, of which it is not certain that it is "
           "dead (it was stopped, or its host is gone), may give no sign of life before this one "
           "replaces it. Less than the longest pause of a file system replaces runs that live."),
    DOUBLE("run.stop_s", run.stop_s, "5", 0, 86400, "s", DECK_MAY_CHANGE,
           "How long a stop that is asked for waits for what is under way: the rest of a "
           "correction, or a topic that does not take what is written to it. What would take "
           "longer is given up: the run ends without a new checkpoint and is gone on with from the "
           "one before."),

    INT("grid.nx", grid.nx, "40", 1, 1e6, "cells", DECK_JUDGED,
        "Columns, from left to right. A run needs at least one column a rank."),
    INT("grid.ny", grid.ny, "40", 1, 1e6, "cells", DECK_JUDGED, "Rows, from bottom to top."),
    DOUBLE("grid.dx", grid.dx, "0.5", 0, HUGE_RANGE, "length", DECK_ABOVE_MIN | DECK_JUDGED,
           "Width of a cell. Halving it divides the largest stable time step by up to four."),
    DOUBLE("grid.dy", grid.dy, "0.5", 0, HUGE_RANGE, "length", DECK_ABOVE_MIN | DECK_JUDGED,
           "Height of a cell. As `grid.dx`."),

    DOUBLE("physics.conductivity", physics.conductivity, "1.0", 0, HUGE_RANGE, "length²/s", 0,
           "k of u' = kΔu + f. Beyond the stability limit the deck is refused unless "
           "`time.substeps` allows for it."),
    DOUBLE("physics.gen_scale", physics.gen_scale, "1.0", -HUGE_RANGE, HUGE_RANGE, "", 0,
           "Factor on every cell's heat rate, applied last."),
    DOUBLE("physics.initial", physics.initial, "0.0", -HUGE_RANGE, HUGE_RANGE, "temperature", 0,
           "Temperature of every cell before window 0."),
    SIDE("physics.boundary.left", physics.left,
         "Temperature held one spacing outside the first column, or `insulated`: no heat passes."),
    SIDE("physics.boundary.right", physics.right, "The same for the last column."),
    SIDE("physics.boundary.bottom", physics.bottom, "The same for the lowest row."),
    SIDE("physics.boundary.top", physics.top, "The same for the highest row."),

    INT("time.window_ms", time.window_ms, "100", 1, YEAR_MS, "ms", DECK_JUDGED,
        "Length of a window of event time: heat is constant over it and one frame stands for it. "
        "Windows shorter than the sensors' pause leave cells without an event."),
    AUTO("time.substeps", time.substeps, "auto", 1, 2147483647.0, "steps", 0,
         "Time steps a window. `auto` is the least stable number; fewer than that is refused with "
         "the largest stable step."),
    {"time.t0", DECK_START, 0, "auto", "", 0, 0, "ms", 0,
     "Start of window 0: milliseconds since 1970 UTC, or ISO 8601 with zone. `auto` takes it from "
     "the first records, which costs some of them: earlier events are dead letters "
     "`before_start`."},
    INT("time.windows", time.windows, "0", 0, 9007199254740991.0, "windows", DECK_MAY_CHANGE,
        "Number of windows after which the run ends; 0: when the stream does, or someone stops "
        "it."),

    ENUM("stream.source", stream.source, "kafka", "kafka|file|synthetic", DECK_MAY_CHANGE,
         "Where events come from: a Kafka topic, the files of `stream.files`, or the generator "
         "(`gen`) without transport. A run may move between a topic and its event log; any other "
         "input than the one it began with is refused."),
    STRING("stream.brokers", stream.brokers, "embedded", 1, PATH_BYTES, DECK_MAY_CHANGE,
           "Kafka servers, `host:port,…`. `embedded` starts an in-process broker fed by the "
           "generator (`gen`), so that no server is needed."),
    STRING("stream.topic", stream.topic, "heatgen-input", 1, 249, DECK_MAY_CHANGE,
           "Topic to read. A run is not continued on another one. A topic that is missing ends the "
           "run with the list of those known."),
    ENUM("stream.format", stream.format, "json", "json|binary|csv|avro|confluent-avro", 0,
         "Form of an event: a JSON object, binary (key x and y as 4 bytes each, value int64 time "
         "and float64 rate, big-endian), a line of CSV, an Avro record, or one behind a byte 0 and "
         "the 4 bytes of a schema registry's id. What does not decode is a dead letter."),
    OR_NULL("stream.schema", stream.schema, 1, PATH_BYTES, DECK_MAY_CHANGE,
            "Schema (.avsc) the events of `avro` and `confluent-avro` were written with, a record; "
            "relative to the deck's folder. A restart needs the same schema, wherever it lies."),
    INT("stream.schema_id", stream.schema_id, "0", 0, 2147483647.0, "", 0,
        "The schema registry's id of `stream.schema`, for `confluent-avro`. An event with another "
        "id is a dead letter `undecodable`. 0: none."),
    STRING(
        "stream.fields.time", stream.field_time, "time", 1, 255, 0,
        "Field that holds the time, in `stream.time_unit`. In JSON and Avro a dotted path, "
        "`reading.time`, leads into nested objects; it does not enter lists. In Avro a long or "
        "int, or for `iso8601` a string; a field may be a union, and an event that takes a branch "
        "of another type, such as null, is a dead letter."),
    STRING("stream.fields.x", stream.field_x, "gridX", 1, 255, 0,
           "Field that holds the cell's column, from 0. In Avro an int or long."),
    STRING("stream.fields.y", stream.field_y, "gridY", 1, 255, 0,
           "Field that holds the cell's row, from 0."),
    STRING("stream.fields.value", stream.field_value, "gen", 1, 255, 0,
           "Field that holds the heat rate, in temperature units per second, or the reading that "
           "`stream.sensors` turns into one. In Avro a double, float, int or long."),
    OR_NULL("stream.fields.id", stream.field_id, 1, 255, 0,
            "Field that holds the sensor's identifier, a text or a whole number, where "
            "`stream.sensors` is given: it takes the place of `x` and `y`."),
    ENUM("stream.time_unit", stream.time_unit, "auto", "auto|ms|s|us|ns|iso8601", 0,
         "Unit of an event's time since 1970 UTC: whole numbers, decimals (`s`; in Avro whole), or "
         "texts `2026-01-01T00:00:00.25Z` with a zone. Finer ones are rounded down to ms. Binary "
         "events have `ms`, `us` or `ns`. `auto` is `ms`, unless an Avro schema gives the time the "
         "logical type timestamp-micros or timestamp-nanos; any other but timestamp-millis wants "
         "the unit said here."),
    OR_NULL("stream.sensors", stream.sensors, 1, PATH_BYTES, DECK_MAY_CHANGE,
            "Table of sensors, relative to the deck's folder: CSV with the columns id, x, y and, "
            "if wanted, gain and offset; rate = gain·value + offset. An identifier it lacks is a "
            "dead letter `unknown_sensor`. A restart needs the same table, wherever it lies."),
    LIST("stream.csv_columns", stream.csv_columns, 0,
         "Columns of a line for `format: csv`, all of them in order. Empty: time, x, y and value "
         "as in `stream.fields`, with sensors time, id and value. A CSV file with a row of names "
         "does not need it."),
    LIST("stream.files", stream.files, DECK_MAY_CHANGE,
         "Event files (NDJSON or CSV) for `source: file`, relative to the deck's folder. File i is "
         "partition i; what was read of it must not change before a restart. Or one event log of "
         "`heatstream record`, which holds all partitions of its topic."),
    INT("stream.disorder_ms", stream.disorder_ms, "200", 0, YEAR_MS, "ms", 0,
        "How far events of one partition may be out of order. Larger delays every window, smaller "
        "makes late events."),
    INT("stream.horizon_windows", stream.horizon_windows, "50", 2, 1e6, "windows", 0,
        "How many windows back a late event may reach; older ones are dead letters `too_late`."),
    AUTO("stream.jump_ms", stream.jump_ms, "auto", 1, 9007199254740991.0, "ms", 0,
         "How far ahead of its partition's clock a record is believed at once; what is further is "
         "held back until `jump_cells` sensors agree. `auto` is (horizon_windows - 1) · window_ms, "
         "and more is refused: a believed record could then make honest ones too late. Less than "
         "the sensors' pause leaves every record in doubt."),
    INT("stream.max_gap_windows", stream.max_gap_windows, "1000000", 1, 1e15, "windows",
        DECK_MAY_CHANGE,
        "Longest gap in event time that is stepped through when sensors agree on a jump. Beyond "
        "it, which is more likely a set of clocks gone wrong, the run stops with exit code 65, "
        "unless `--accept-gap`."),
    INT("stream.jump_cells", stream.jump_cells, "3", 2, 1000, "sensors", 0,
        "Sensors that must agree before a partition's clock follows them. More than share one "
        "gateway's clock keeps a wrong gateway from moving it."),
    INT("stream.jump_expiry", stream.jump_expiry, "1000", 20, 1e9, "records", 0,
        "Records of a partition after which a sensor that was silent is forgotten by its clock, "
        "and a record held back becomes a dead letter `future`. Too few, and a single wrong clock "
        "is believed."),
    DOUBLE("stream.gen_limit", stream.gen_limit, "1e12", 0, HUGE_RANGE, "temperature/s",
           DECK_ABOVE_MIN, "Largest believable rate; beyond it: dead letter `out_of_range`."),
    INT("stream.max_open_events", stream.max_open_events, "10000000", 1, 1e12, "events", 0,
        "Events a partition may have in open windows. More means a clock that stands still: the "
        "run stops with exit code 65 and names the partition."),
    ENUM("stream.idle", stream.idle, "timeout", "block|timeout", DECK_MAY_CHANGE,
         "What a silent partition of a topic without end does to the windows: `block` holds them "
         "back, and the progress line says for whom; `timeout` moves its clock after `idle_ms`, "
         "journaled so that a replay gives the same bits. What it sends after that may be late."),
    INT("stream.idle_ms", stream.idle_ms, "2000", 1, YEAR_MS, "ms", DECK_MAY_CHANGE,
        "Silence, at the end of what the broker has, after which a partition is no longer waited "
        "for. Shorter than the gaps between its batches, and honest events come late."),
    ENUM("stream.estimate", stream.estimate, "mean", "mean|sum|last|linear|cubic", 0,
         "Rate of a cell in a window from its events there, in order of time: their mean, their "
         "sum, the last one, or the value at the middle of the window by interpolation through "
         "the nearest event on each side (`linear`) or the two nearest (`cubic`; with fewer, as "
         "`linear`). `sum` counts repeated events twice; `cubic` magnifies noisy times."),
    INT("stream.span", stream.span, "1", 1, 1000, "windows", 0,
        "A hopping mean: the rate that drives the field is the mean of the rates of the last so "
        "many windows, those before window 0 counting 0. Costs rank 0 up to 16 bytes per cell "
        "with heat and window."),
    HOLD("stream.missing", stream.hold, 1e6, 0,
         "Rate of a cell without an event in a window: 0, or with `{hold: n}` the estimate of the "
         "newest of the n windows before that has one, then 0. `hold` suits sensors that speak "
         "less often than once a window; it costs rank 0 64 bytes a cell."),
    BOOL("stream.dedup", stream.dedup, "false", 0,
         "Of the on-time and late events of one sensor with equal times only the one with the "
         "lowest partition and offset counts, the others are `duplicate`; also when the lower one "
         "comes late. For gateways that send twice. A sensor that speaks twice in one unit of time "
         "loses the second event."),
    INT("stream.early_ms", stream.early_ms, "0", 0, DAY_MS, "ms", DECK_MAY_CHANGE,
        "Pause between provisional pictures of the open window while it waits for events: "
        "`early.h5` in the run directory, gone when the window closes; 0: none. Each costs a step "
        "of the whole window and a frame, and may delay the close by as much; a field and a frame "
        "of memory."),
    OR_NULL("stream.dead_letter_topic", stream.dead_letter_topic, 1, 249, DECK_MAY_CHANGE,
            "Topic that gets a copy of every refused record, beside `dead_letters.ndjson`."),
    INT("stream.dead_letter_file_bytes", stream.dead_letter_file_bytes, "268435456", 16384,
        9007199254740991.0, "bytes", DECK_MAY_CHANGE,
        "Most bytes in a file of dead letters. Then they go on in "
        "`dead_letters_<position>.ndjson`, named after how many bytes of them there are before "
        "it."),
    INT("stream.dead_letter_files", stream.dead_letter_files, "0", 0, 1e6, "files", DECK_MAY_CHANGE,
        "Files of dead letters kept; 0: all. The oldest beyond them are removed with a checkpoint, "
        "but none that a restart may need: what a topic of garbage may then take is bounded, and "
        "its records are known by the ledger alone."),
    INT("stream.batch", stream.batch, "10000", 1, 1e6, "messages", DECK_MAY_CHANGE,
        "Most messages read at once. Changes speed and memory, never the result."),
    OR_NULL("stream.oauth_token_file", stream.oauth_token_file, 1, PATH_BYTES, DECK_MAY_CHANGE,
            "File that holds a token and nothing else, relative to the deck's folder, for "
            "`sasl.mechanism: OAUTHBEARER`. Read again before the token expires; whoever puts the "
            "next one there should do so by renaming."),
    OR_NULL("stream.oauth_token_command", stream.oauth_token_command, 1, PATH_BYTES,
            DECK_MAY_CHANGE | DECK_RUNS_PROGRAM,
            "Command for /bin/sh that writes such a token to its standard output within 20 s, in "
            "the place of `oauth_token_file`. Taken from the command line (`-D`) or the "
            "environment only: a deck file does not make anyone run a program. Never printed, but "
            "`ps` shows a command while it runs: secrets belong in a file that it reads."),
    MAP("stream.rdkafka", stream.rdkafka, DECK_MAY_CHANGE | DECK_HOLDS_SECRET,
        "Properties handed to librdkafka as they are, for example `security.protocol`. An unknown "
        "one ends the run at start. Passwords may be `${NAME}` or `${file:PATH}` and are never "
        "printed. What makes librdkafka load libraries or run commands is taken from -X and -F "
        "only."),

    INT("ingest.readers", ingest.readers, "1", 1, 10000, "ranks", DECK_MAY_CHANGE,
        "Ranks that read the topic, each its share of the partitions; no more than the run has. "
        "Rank 0 is the first of them. The others fetch and decode for it, and are spread evenly "
        "over the ranks. Changes speed, never the result. For topics of Kafka; files, and events "
        "without transport, are read by rank 0 alone."),

    INT("output.frames.every", frames.every, "1", 1, 1e9, "windows", DECK_JUDGED,
        "One frame every so many windows."),
    ENUM("output.frames.dtype", frames.dtype, "f32", "f32|f64", 0,
         "Precision of stored temperatures. The solution itself is always f64."),
    INT("output.frames.tile", frames.tile, "256", 1, 16384, "cells", 0,
        "Edge of a chunk of the file. Small tiles cost time, large ones make reading a part slow."),
    CONSTANT("output.frames.compress", "none", "none", 0, "Frames are stored as they are."),
    INT("output.frames.flush_every", frames.flush_every, "1", 1, 1e9, "frames", DECK_MAY_CHANGE,
        "Frames between flushes: what a reader does not see yet, and what a kill makes the restart "
        "compute again."),
    INT("output.frames.per_segment", frames.per_segment, "1000", 1, 1e9, "frames", 0,
        "Frames in each of the first 100 files; the next 100 hold ten times as many, and so on "
        "while "
        "a file has no more than a million frames and 64 GiB. So the frames of a year are in some "
        "hundred files, which a reader can open. A damaged file costs at most its frames."),
    OR_NULL("output.alert_topic", alert_topic, 1, 249, DECK_MAY_CHANGE,
            "Topic on `stream.brokers` that gets every line of `alerts.ndjson`, by run and alert. "
            "Made with the broker's defaults if missing. After a crash it gets again, byte for "
            "byte, what came after the last checkpoint."),
    OR_NULL("output.temp_topic", temp.topic, 1, 249, DECK_MAY_CHANGE,
            "Topic on `stream.brokers` that gets a message for every cell of every frame, each "
            "revision of it included. Made with the broker's defaults if missing. The run goes no "
            "faster than the broker takes them: see `temp_region` and `temp_every`."),
    BOX("output.temp_region", temp.region, DECK_MAY_CHANGE,
        "The cells that go to `temp_topic`: columns x0 to x1 - 1, rows y0 to y1 - 1; `null`: "
        "all."),
    INT("output.temp_every", temp.every, "1", 1, 1e9, "frames", DECK_MAY_CHANGE,
        "One frame of so many goes to `temp_topic`."),

    INT("checkpoint.every_windows", checkpoint.every_windows, "100", 0, 1e12, "windows",
        DECK_MAY_CHANGE, "Windows between checkpoints; 0: by time only."),
    INT("checkpoint.every_wall_s", checkpoint.every_wall_s, "600", 0, 1e9, "s", DECK_MAY_CHANGE,
        "Most seconds between checkpoints, which is what a crash costs; 0: by windows only."),
    INT("checkpoint.keep", checkpoint.keep, "2", 2, 1e6, "checkpoints", DECK_MAY_CHANGE,
        "Checkpoints kept. A damaged newest one is replaced by the one before."),
    BOOL("checkpoint.at_end", checkpoint.at_end, "true", DECK_MAY_CHANGE,
         "A checkpoint at the end, so that a topic that grows can be gone on with."),

    AUTO("solve.halo_depth", solve.halo_depth, "auto", 1, 64, "columns", DECK_MAY_CHANGE,
         "Columns exchanged with the neighbour ranks at once, every so many steps; no more than "
         "the narrowest rank owns. `auto`: as many as `solve.steps_per_sweep`."),
    AUTO("solve.steps_per_sweep", solve.steps_per_sweep, "auto", 1, 64, "steps", DECK_MAY_CHANGE,
         "Time steps computed in one pass over memory, of several windows where no frame, "
         "snapshot or checkpoint lies between; on several ranks no more than `solve.halo_depth`. "
         "`auto` chooses by the sizes."),
    INT("solve.snapshot_memory", solve.snapshot_memory, "268435456", 0, 9007199254740991.0, "bytes",
        0,
        "Memory, over all ranks, for the snapshots of the field that late events go back to, each "
        "8 bytes a cell. The less, the further apart they lie, and the more windows are stepped "
        "again beside those that changed; at least two are kept, even if they need more than this. "
        "`heatstream check` says what it comes to. Never changes the result, but checkpoints are "
        "laid out by it."),
    ITEMS(
        "regions", regions,
        "Named parts of the grid. Their lowest, mean and highest temperature and their percentiles "
        "stand in `/regions` of the frames file, a row a frame, the same bits from any ranks."),
    ITEMS("relations", relations,
          "The ratio of two regions, a / b, over windows of their own: of the means, over the "
          "frames of the window, of a region's temperature. In `/relations`, in the row that ends "
          "the window, else NaN; NaN, too, where b is 0."),
    ITEMS(
        "alerts", alerts,
        "Rules on regions and relations, judged with every frame and again with every frame that "
        "a late event corrects. Their levels stand in `/alerts`, what changed in `alerts.ndjson`. "
        "The level is that of the highest threshold reached."),
    LIST("alerts.command", alert_command, DECK_MAY_CHANGE | DECK_RUNS_PROGRAM,
         "Program that is started for every line of `alerts.ndjson`, with its arguments, `[page, "
         "--team, heat]`: without a shell, the line as its standard input, one at a time, for 20 s "
         "at most. The run does not wait for it. After a crash it is told again what came after "
         "the last checkpoint. Not taken from a deck file: `-D`, or the environment."),
    OR_NULL("watch.listen", watch.listen, 3, 300, DECK_MAY_CHANGE,
            "HOST:PORT at which rank 0 serves the live page, `/metrics` and `/api`; port 0: any, "
            "which the log names. Beyond the loopback interface `token_file` is needed."),
    OR_NULL("watch.token_file", watch.token_file, 1, PATH_BYTES, DECK_MAY_CHANGE,
            "File with the token of the page, relative to the deck's folder: 16 letters or more."),
    OR_NULL("watch.metrics_file", watch.metrics_file, 1, PATH_BYTES - 4, DECK_MAY_CHANGE,
            "File for metrics in Prometheus' text format, rewritten once a second."),
    INT("gen.seed", gen.seed, "1", 0, 9007199254740991.0, "", 0,
        "Seed of the synthetic sensors: equal seeds make equal events, offsets and order."),
    INT("gen.start_ms", gen.start_ms, "1767225600000", -1e15, 1e15, "ms", 0,
        "Event time of step 0, in ms since 1970 UTC (the default is 2026-01-01)."),
    INT("gen.step_ms", gen.step_ms, "100", 1, DAY_MS, "ms", 0,
        "Pause of a sensor between two events."),
    INT("gen.steps", gen.steps, "600", 0, 1e9, "steps", 0,
        "Events a sensor sends; 0: without end. The last windows close only when `disorder_ms` "
        "more has been heard, or at the end of a bounded run."),
    INT("gen.partitions", gen.partitions, "6", 1, 10000, "partitions", 0,
        "Partitions of the topic or files that are made."),
    ENUM("gen.partition_by", gen.partition_by, "column", "column|key", 0,
         "Partition of cell (x, y): floor(x·P/nx), or a hash of its key."),
    DOUBLE("gen.probability", gen.probability, "0.01", 0, 1, "", 0,
           "Chance that a sensor generates heat in a step."),
    DOUBLE("gen.value", gen.value, "4.0", -HUGE_RANGE, HUGE_RANGE, "temperature/s", 0,
           "Rate a sensor sends when it does."),
    BOOL("gen.zeros", gen.zeros, "true", 0,
         "Sensors without heat send 0. Otherwise they are silent and their cells count as "
         "missing."),
    DOUBLE("gen.jitter_ms", gen.jitter_ms, "10", 0, DAY_MS, "ms", 0,
           "Standard deviation of a sensor's clock."),
    DOUBLE("gen.delay_ms", gen.delay_ms, "0", 0, DAY_MS, "ms", 0,
           "Mean of the exponential delay of delivery: events arrive out of order. Much more than "
           "`stream.disorder_ms` makes late events."),
    DOUBLE("gen.dropout", gen.dropout, "0", 0, 1, "", 0, "Chance that an event is lost."),
    DOUBLE("gen.duplicates", gen.duplicates, "0", 0, 1, "", 0,
           "Chance that an event is delivered twice."),
    OR_NULL(
        "gen.csv", gen.csv, 1, PATH_BYTES, DECK_MAY_CHANGE,
        "For `heatstream gen`: in place of synthetic sensors, the rows of this CSV file, relative "
        "to the deck's folder, in their order, as events of the deck's `stream`. Its first line "
        "names the columns as `stream.fields` does. `--pace N` sends them at N times real time."),
    ENUM(
        "gen.csv_times", gen.csv_times, "kept", "kept|now", DECK_MAY_CHANGE,
        "Times of these events: as in the file, or all moved by as much as makes the first one the "
        "moment of the start."),

    ENUM("log.level", log.level, "info", "error|warn|info|debug", DECK_MAY_CHANGE,
         "Least important line that is written."),
    DOUBLE("log.every_s", log.every_s, "5", 0.1, DAY_MS, "s", DECK_MAY_CHANGE,
           "Seconds between progress lines."),
    ENUM("log.format", log.format, "human", "human|json", DECK_MAY_CHANGE, "Form of a log line."),
    INT("log.file_bytes", log.file_bytes, "16777216", 1024, 9007199254740991.0, "bytes",
        DECK_MAY_CHANGE,
        "How long the file `log` becomes, within a few lines, before it is put aside as "
        "`log.<number>` and begun anew. A line takes some 150 bytes: a week of progress is one "
        "such file."),
    INT("log.files", log.files, "8", 1, 1e6, "files", DECK_MAY_CHANGE,
        "Files of the log kept, `log` included; the oldest are removed."),
};
const int deck_option_count = sizeof deck_options / sizeof *deck_options;

const struct deck_group deck_groups[] = {
    {"run", "What the run is called and where it writes."},
    {"grid", "Cells and their spacing."},
    {"physics", "The equation u' = kΔu + f."},
    {"physics.boundary", "The four sides; one number or `insulated` instead sets all of them."},
    {"time", "Windows of event time and the time step."},
    {"stream", "Where events come from and what is believed of them."},
    {"stream.fields", "Where an event holds what: keys of JSON, names of CSV columns."},
    {"ingest", "How it is read."},
    {"output", "What is written."},
    {"output.frames", "Temperature frames."},
    {"checkpoint", "When the state is saved."},
    {"solve", "How steps are computed; never changes the result."},
    {"watch", "Looking at a run."},
    {"gen", "What makes events: `brokers: embedded`, `source: synthetic` and `heatstream gen`."},
    {"log", "Progress and messages."},
};
const int deck_group_count = sizeof deck_groups / sizeof *deck_groups;
