/* The objects of a run, shared by the files of this room. */
#ifndef HEATSTREAM_RUN_RUN_INTERNAL_H
#define HEATSTREAM_RUN_RUN_INTERNAL_H

#include "announcer.h"
#include "grid/agree.h"
#include "grid/gather.h"
#include "grid/measure.h"
#include "ingest/dead_letters.h"
#include "ingest/temperature_topic.h"
#include "monitor.h"
#include "plan.h"
#include "progress.h"
#include "run/feed.h"
#include "run/relay.h"
#include "run/run.h"
#include "run/stop.h"
#include "run/watchdog.h"
#include "solve/snapshots.h"
#include "state.h"
#include "store/frames_flush.h"
#include "store/journal.h"
#include "store/manifest.h"
#include "store/manifest_write.h"
#include "store/rundir.h"
#include "watch/balance.h"
#include "watching.h"

/* What the journal is told once a start is accepted. */
enum begin_news { BEGIN_NOTHING, BEGIN_ENDS, BEGIN_OPEN };

/* On the disk, for what a stop still writes; by room.c. */
struct room {
    int64_t row_bytes, checkpoint_bytes; /* what a row takes, what a checkpoint may take */
    int64_t left_bytes, taken_bytes;     /* by the file system when asked, and since then */
    double asked_s;                      /* when, by stop_clock_s() */
    bool low;                            /* too little is left: the run stops */
};

/* What only rank 0 has. */
struct root {
    const struct deck *deck;
    const struct run_options *options;
    char deck_hash[33];
    struct rundir rundir;
    struct event_avro *event_avro; /* of a generated source, NULL but for the Avro formats */
    int readers;                   /* ranks that read the topic */
    struct share *share;           /* of several; NULL: rank 0 reads alone */
    struct source *source;
    struct source_identity identity;
    struct decoder *decoder;
    struct manifest *manifest;
    struct journal *journal;
    struct dead_letters *letters;
    int64_t letters_start;       /* position of their file that is open */
    struct buffer letters_marks; /* struct letters_mark of the checkpoints there are */
    int64_t log_excess_bytes;    /* beyond a full file, after it could not be turned over */
    struct announcer *alerts;    /* NULL: the deck has none */
    struct temperature_topic *temperatures; /* NULL: none */
    struct windows *windows;
    struct gaps gaps;         /* once there are windows */
    struct buffer gaps_found; /* struct journal_gap that a restart is to go on without */
    struct drain *drain;
    struct idle *idle; /* NULL: silent partitions block, or the run is bounded */
    struct feed *feed;
    struct monitor *monitor; /* NULL: nobody watches */
    int64_t *first, *ends;   /* [partitions] */
    bool bounded;            /* runs to captured ends */
    bool ends_known;         /* the journal has ends that were captured before */
    bool takes_back;         /* provisional rows of an earlier start must go */
    enum begin_news news;
    bool nothing_to_do; /* finished before, and nothing more is asked for */
    int64_t t0_ms;
    bool t0_known;
    int64_t stop_after; /* the last window to close, INT64_MAX: no limit */
    struct fingerprint *fingerprints;
    struct ledger *ledgers; /* as of the last parcel taken */
    struct stop_watch stop;
    struct room room;
    struct patience patience; /* with brokers that are written to */
    struct run *follower_run; /* the other ranks wait for a word; NULL: they do not */
    double pulsed_s;          /* when they last got one, by stop_clock_s() */
    double gives_up_s;        /* when it is over, by stop_clock_s(); 0: nobody waits for the run */
    double stop_asked_s;      /* when a stop was, by stop_clock_s(); 0: it was not */
    bool state_wanted, stopping, leaving; /* on the way to a checkpoint, and out */
    struct parcel *parcel;                /* the one being worked on */
    const struct closed_window *closed;   /* the window being stepped */
    struct early_window shown;            /* of the last picture, without its heat */
    int waiting;           /* windows added to the solver, to be stepped with the next */
    int64_t waiting_cells; /* heated in them */
    double closed_s;       /* when it came, by stop_clock_s() */
    enum status failure;   /* of rank 0 alone; ends the run with the next order */
    struct error failure_error;
    double window_s;        /* what a slow window costs, its corrections included, or some that
                                 are stepped together */
    double step_s;          /* what one window costs to step or step again, on average */
    int64_t windows_closed; /* as of the last one stepped for the first time */
    double spent_s;         /* on windows that are stepped together, so far */
    int spent_windows;
    double closing_s;         /* what the corrections before the open window have cost so far */
    bool rows_pending;        /* rows were written that readers may not see yet */
    double committed_s;       /* when the last rows were, by stop_clock_s() */
    bool rewriting;           /* the manifest says that rows are being rewritten */
    double checkpoint_s;      /* what the last checkpoint cost */
    double checkpoint_done_s; /* when it was done, by stop_clock_s() */
    struct buffer unflushed;  /* struct manifest_frame of rows written but not flushed */
    struct commit *commit;    /* of the last checkpoint */
    struct buffer summary;
    int64_t *offsets;        /* [partitions], of root_next_offsets() */
    int64_t *lost;           /* [partitions], of root_lost_offsets() */
    struct measure measure;  /* of the last frame */
    struct balance *balance; /* of heat, over the rows that corrections can reach */
    double balance_ratio;    /* of the last frame */
    double bound;            /* no cell is larger, nor was one that is gone back to */
    struct progress progress;
};

enum order_kind {
    ORDER_STEP,
    ORDER_EARLY,
    ORDER_CHECKPOINT,
    ORDER_FLUSH,
    ORDER_END,
    ORDER_PULSE, /* all are well: go on waiting */
    ORDER_GO_ON  /* with what all are at */
};

/* What rank 0 tells all ranks to do next. */
struct order {
    int kind;
    int close;       /* of ORDER_STEP: enum close_kind */
    bool rolls_back; /* first put the field back to what it was after window - 1 */
    bool waits;      /* nothing looks at the field before the next window: step both together */
    bool frame, checkpoint;
    bool row_waits; /* the next window is at hand: rows may be committed with its row */
    bool in_doubt;  /* the field may not be finite any more: look */
    bool flush;     /* of ORDER_EARLY: rows wait to be made readable */
    bool finished;  /* the run is complete, not merely stopped */
    int64_t window;
    enum status status; /* ORDER_END without finished: why */
};

struct run {
    struct launch launch;
    struct plan plan;
    struct domain *domain;
    struct watchdog *watchdog; /* NULL on a single rank */
    struct solver *solver;
    struct snapshots *snapshots; /* of the field after earlier windows, for late corrections */
    struct scatter *scatter;
    struct measurer *measurer;
    struct digester *digester;
    struct watching *watching; /* of regions and alerts; NULL: the deck has none */
    struct picture *picture;   /* of the open window, before it closes; NULL: none */
    struct relay *relay;       /* of what other ranks read for rank 0; NULL: none do */
    struct gather *gather;     /* of the cells that go to root->temperatures; NULL: none */
    struct frames *frames;
    struct run_state state;    /* rank 0's counts; the others follow what they need of it */
    struct buffer saved_state; /* rank 0: of the checkpoint gone on from, or to be written */
    int64_t window;            /* the field is the one after this window, -1: the initial one, once
                                  the windows that wait are stepped */
    int64_t unflushed_rows;    /* written since the last flush was asked for */
    bool idle;                 /* nothing to loop over: a dry run, or finished before */
    struct root *root;         /* NULL but on rank 0 */
};

/* root.c. The deck and the options are borrowed; destroy accepts NULL. */
struct root *root_create(const struct deck *deck, const struct run_options *options);
void root_destroy(struct root *root);

/* Rank 0: remembers the first failure, which ends the run with the next order. */
void root_note(struct root *root, enum status status, const struct error *err);

/* Rank 0, of each partition as of the last parcel taken: the next offset; how many were lost. Valid
 * until the next call. */
const int64_t *root_next_offsets(struct root *root);
const int64_t *root_lost_offsets(struct root *root);

/* Collective: rank 0's failure, if any, becomes everyone's. */
enum status root_share_failure(struct run *run, struct error *err) MUST_CHECK;

/* open.c: collective; leaves `run` ready for the loop. run_close() frees what there is, also after
 * a failure, whose status and text it is given and keeps. */
enum status run_open(struct run *run, const struct deck *deck, const struct run_options *options,
                     struct error *err) MUST_CHECK;
enum status run_close(struct run *run, enum status status, struct error *err) MUST_CHECK;

/* True when the run is to go back to a checkpoint that was named, whatever it read after it. */
static inline bool goes_back(const struct root *root)
{
    return root->options->accept_gap && root->options->restart == RUN_RESTART_FILE;
}

/* inputs.c: rank 0. */
enum status inputs_open(struct root *root, struct error *err) MUST_CHECK;

/* readers.c: rank 0: whether the deck's number of readers can be had. Collective: the share and the
 * relay of several. */
enum status readers_check(struct run *run, struct error *err) MUST_CHECK;
enum status readers_open(struct run *run, struct error *err) MUST_CHECK;

/* begin.c: rank 0: first offsets, captured ends, start of window 0; journaled before use. */
enum status begin_run(struct root *root, struct error *err) MUST_CHECK;

/* A finished run is about to be taken back: the ends it was to reach are no longer those of a run
 * that goes on, whatever becomes of this start. */
enum status begin_anew(struct root *root, struct error *err) MUST_CHECK;

/* The run may go on from where it was: journals what begin_run() kept back until then. */
enum status begin_accepted(struct root *root, struct error *err) MUST_CHECK;

/* restart.c: collective. Chooses and reads the checkpoint to go on from; run->window is -1 without
 * one. */
enum status restart_choose(struct run *run, struct error *err) MUST_CHECK;

/* Before the frames are opened: what they will be without is announced. */
enum status restart_announce(struct run *run, struct error *err) MUST_CHECK;

/* With the frames open: rebuilds the field and settles that the run goes on from here. */
enum status restart_accept(struct run *run, struct error *err) MUST_CHECK;

/* recall.c: rank 0: the windows and counts of a new run, or those in run->saved_state, whose topic,
 * deck and offsets must agree with this run's. */
enum status recall_nothing(struct run *run, struct error *err) MUST_CHECK;
enum status recall_checkpoint(struct run *run, struct error *err) MUST_CHECK;
struct state_origin state_origin_of(const struct root *root);

/* True when a window has a row in the frames file; which one. */
static inline bool run_has_row(const struct run *run, int64_t window)
{
    return (window + 1) % run->plan.frames_every == 0;
}

static inline int64_t run_row(const struct run *run, int64_t window)
{
    return (window + 1) / run->plan.frames_every - 1;
}

/* step.c: collective: from the field after one window to that after `window`, whose heat rank 0 has
 * in root->closed; if it waits, once the next is stepped, which has to follow before anything looks
 * at the field. Rank 0: whether rows, snapshots and the solver allow for that. */
void step_window(struct run *run, int64_t window, bool waits);
bool step_may_wait(const struct run *run, const struct closed_window *closed);

/* Local: the window is not published again: where it has a row, the sums of heat begin anew as they
 * did when the row was written. */
void step_pass(struct run *run);

/* Local: keeps a snapshot of the present field if one is due; goes back to the one after `window`.
 */
void step_keep(struct run *run);
enum status step_back(struct run *run, int64_t window, struct error *err) MUST_CHECK;

/* The same of the field alone, under heat that rank 0 gives; what such heat adds in a window, in
 * temperature units times area, cells in order. */
void step_field(struct run *run, const struct heat *heat, int64_t count, bool waits);
double step_heat_of(const struct run *run, const struct heat *heat, int64_t count);

/* footprint.c: collective: the most memory that rank 0 has had, and any other, in the log. */
void footprint_tell(const struct run *run);

/* finite.c: NaN and infinity are found in the window they first appear in. Collective: sets the
 * bound from the present field. Rank 0: grows it by a window's heat; true when the field after it
 * has to be looked at. Collective: STATUS_NUMERIC names window, cell and value of a measure, and of
 * the present field. */
void finite_begin(struct run *run);
bool finite_in_doubt(struct run *run, const struct closed_window *closed);
enum status finite_check(struct run *run, const struct measure *measure,
                         struct error *err) MUST_CHECK;
enum status finite_prove(struct run *run, struct error *err) MUST_CHECK;

/* picture.c: collective, but picture_hide() is local. A picture of the open window from rank 0's
 * parcel, after which the run is where it was; without one, if it cannot be written. */
enum status picture_open(struct run *run, struct error *err) MUST_CHECK;
void picture_close(struct run *run);
void picture_show(struct run *run);
void picture_hide(struct run *run);

/* rebuild.c: collective: from the snapshot of a checkpoint to its field, which is there already and
 * must come out the same. */
enum status rebuild_field(struct run *run, struct error *err) MUST_CHECK;

/* loop.c: collective. STATUS_OK: finished; STATUS_STOPPED: to be gone on with. */
enum status loop_run(struct run *run, struct error *err) MUST_CHECK;

/* publish.c: collective: the row of the present field's window, which rank 0 has in root->closed. A
 * revised row is corrected, a restored one is put back to what it was at the checkpoint. A flush
 * commits rows by their lines in the manifest, from which on a kill leaves them whole; it makes
 * them readable in frames.h5, too, when that has become due or now; or it sees to it first that
 * they outlive a loss of power, in the end with frames.h5. */
enum publish_kind { PUBLISH_NEW, PUBLISH_REVISED, PUBLISH_RESTORED };
enum publish_flush { FLUSH_ROWS, FLUSH_WHEN_DUE, FLUSH_NOW, FLUSH_DURABLY, FLUSH_FINALLY };
enum status publish_frame(struct run *run, enum publish_kind kind, struct error *err) MUST_CHECK;
enum status publish_flush(struct run *run, enum publish_flush how, struct error *err) MUST_CHECK;

/* wait.c: collective: rank 0's order becomes everyone's, who have nothing else to do. Rank 0: the
 * next parcel, after timeout_ms none. Both let the relay work. */
void wait_for_order(struct run *run, struct order *order);
struct parcel *wait_for_parcel(struct run *run, int timeout_ms);

/* Rank 0: what the run is asked for now. A stop that is asked for while a broker does not
 * take what is written to it waits run.stop_s, then the run ends without a new checkpoint. So does
 * one amid a correction that has `windows` more to step and would take longer, or than there is
 * time; carrying out an order took so many seconds. */
enum stop_request wait_request(struct root *root);
bool wait_is_over(struct root *root);
bool wait_is_too_long(const struct root *root, int64_t windows);
void wait_note_cost(struct root *root, const struct order *order, double seconds);
void wait_init(struct root *root);

/* follow.c. Rank 0 says with follow_begin() that the others are on their way to follow_order() or
 * follow_word(), where they wait for it; until it comes there itself it calls follow_pulse() again
 * and again, which costs nothing most times. */
void follow_begin(struct run *run);
void follow_pulse(struct root *root);

/* Collective: rank 0's order on every rank; that it is done with what it did alone. */
void follow_order(struct run *run, struct order *order);
void follow_word(struct run *run);

/* temperatures.c: rank 0 opens the topic and waits until it has everything sent; every rank
 * prepares to send. */
enum status temperatures_open(struct run *run, struct error *err) MUST_CHECK;
void temperatures_prepare(struct run *run);
enum status temperatures_sync(struct root *root, struct error *err) MUST_CHECK;

/* Rank 0: true when the next window's frame will not have to wait for the one before to leave; it
 * may have after timeout_ms. */
bool temperatures_ready(const struct run *run, int timeout_ms);

/* Collective: the present field as the frame `row`, which only rank 0 has. A failure of the topic
 * is everyone's. */
enum status temperatures_publish(struct run *run, const struct frame_row *row,
                                 struct error *err) MUST_CHECK;

/* keep.c: collective: a checkpoint of the present field with the state in rank 0's parcel, which
 * counts once commit.c is done with it. */
enum status keep_checkpoint(struct run *run, struct error *err) MUST_CHECK;

/* files.c: rank 0: the dead letters as far as the checkpoint counts on them; how far they have come
 * at the checkpoint about to be written; those that are too old for any there is now go; the log
 * goes on in a new file if it is time. */
enum status files_open_letters(struct run *run, struct error *err) MUST_CHECK;
void files_mark_letters(struct run *run);
enum status files_drop_letters(struct root *root, struct error *err) MUST_CHECK;
void files_close_letters(struct root *root);
void files_tend_log(struct root *root);

/* room.c: rank 0: whether the disk has room for more than a stop needs; what is written tells how
 * much that is. */
void room_init(struct run *run);
void room_take_row(struct root *root);
void room_note_checkpoint(struct run *run, int64_t window);
bool room_is_low(struct root *root);

/* progress.c: rank 0. */
void progress_stepping(struct run *run);
void progress_waiting(struct run *run);
void progress_summary(const struct run *run, const struct digest *digest);

/* summary.c: rank 0: what `heatstream info --json` tells of a run, as JSON. */
void summary_json(const struct run *run, struct buffer *json);

#endif
