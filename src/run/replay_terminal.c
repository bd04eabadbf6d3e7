#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/arith.h"
#include "run/replay.h"
#include "run/stop.h"
#include "stored.h"
#include "watch/terminal.h"

static const char FOOT[] =
    "space: play  arrows, Home, End: step  + -: speed  f: keep colours  q: quit";
static const char ENTER[] = "\x1b[?1049h\x1b[?25l", LEAVE[] = "\x1b[0m\x1b[?25h\x1b[?1049l";
static const double SPEEDS[] = {1, 2, 5, 10, 20, 50}; /* frames a second */
enum { SPEED_COUNT = sizeof SPEEDS / sizeof *SPEEDS, USUAL_SPEED = 3, STEP_LONG = 10 };

struct viewer {
    struct stored stored;
    struct terminal_screen screen;
    struct terminal_frame frame;
    struct buffer text;
    struct termios before;
    bool playing, quit, fresh; /* fresh: the screen shows what is to be seen */
    int speed;
    double due_s; /* when the next frame is */
};

static enum status write_all(const void *bytes, size_t size, struct error *err)
{
    for (size_t done = 0; done < size;) {
        ssize_t put = write(STDOUT_FILENO, (const char *)bytes + done, size - done);
        if (put < 0 && errno != EINTR)
            return error_set(err, STATUS_IO, "writing to standard output: %s", strerror(errno));
        done += put > 0 ? (size_t)put : 0;
    }
    return STATUS_OK;
}

static int of_environment(const char *name, int otherwise)
{
    const char *text = getenv(name);
    int number = text ? atoi(text) : 0;
    return number > 0 && number <= TERMINAL_MOST ? number : otherwise;
}

static void measure_screen(struct viewer *viewer)
{
    struct winsize size;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
    int columns = known ? size.ws_col : of_environment("COLUMNS", 80);
    int lines = known ? size.ws_row : of_environment("LINES", 24);
    viewer->fresh =
        viewer->fresh && columns == viewer->screen.columns && lines == viewer->screen.lines;
    viewer->screen.columns = columns;
    viewer->screen.lines = lines;
}

static enum status draw(struct viewer *viewer, struct error *err)
{
    buffer_clear(&viewer->text);
    if (viewer->screen.redraw)
        buffer_printf(&viewer->text, "\x1b[H");
    enum status status;
    struct watch_row ignored;
    do {
        TRY(stored_row(&viewer->stored, viewer->frame.row, &ignored, err));
        status = terminal_draw(&viewer->screen, &viewer->frame, &viewer->text, err);
    } while (status == STATUS_RETRY);
    TRY(status);
    viewer->fresh = true;
    return write_all(viewer->text.data, viewer->text.size, err);
}

static void move_to(struct viewer *viewer, int64_t row)
{
    row = max_int64(viewer->stored.first_row, min_int64(viewer->stored.rows - 1, row));
    viewer->fresh = viewer->fresh && row == viewer->frame.row;
    viewer->frame.row = row;
}

static void step(struct viewer *viewer, int64_t rows)
{
    viewer->playing = false;
    move_to(viewer, viewer->frame.row + rows);
}

static void toggle_playing(struct viewer *viewer)
{
    viewer->playing = !viewer->playing;
    viewer->due_s = stop_clock_s();
    if (viewer->playing && viewer->frame.row == viewer->stored.rows - 1)
        move_to(viewer, viewer->stored.first_row);
}

/* The colours stay those of the present frame, or follow the frames again. */
static void toggle_range(struct viewer *viewer)
{
    struct watch_row record;
    struct error ignored;
    bool fixed = !isnan(viewer->frame.low);
    viewer->fresh = false;
    viewer->frame.low = viewer->frame.high = NAN;
    if (fixed || stored_row(&viewer->stored, viewer->frame.row, &record, &ignored) != STATUS_OK)
        return;
    viewer->frame.low = record.t_min;
    viewer->frame.high = record.t_max;
}

static void press(struct viewer *viewer, char key)
{
    switch (key) {
    case ' ':
        toggle_playing(viewer);
        break;
    case 'q':
        viewer->quit = true;
        break;
    case '+':
    case '=':
        viewer->speed = (int)min_int64(SPEED_COUNT - 1, viewer->speed + 1);
        break;
    case '-':
        viewer->speed = (int)max_int64(0, viewer->speed - 1);
        break;
    case 'f':
        toggle_range(viewer);
        break;
    default:
        break;
    }
}

/* What follows ESC, with [ or O before it: cursor keys as terminals send them. */
static const struct {
    const char *code;
    int64_t rows; /* INT64_MIN, INT64_MAX: to the ends */
} sequences[] = {
    {"[C", 1},         {"OC", 1},         {"[D", -1},         {"OD", -1},
    {"[A", STEP_LONG}, {"OA", STEP_LONG}, {"[B", -STEP_LONG}, {"OB", -STEP_LONG},
    {"[H", INT64_MIN}, {"OH", INT64_MIN}, {"[1~", INT64_MIN}, {"[7~", INT64_MIN},
    {"[F", INT64_MAX}, {"OF", INT64_MAX}, {"[4~", INT64_MAX}, {"[8~", INT64_MAX},
};

/* The bytes of a sequence, all of which were taken. */
static size_t press_sequence(struct viewer *viewer, const char *code, size_t size)
{
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
        size_t length = strlen(sequences[i].code);
        if (size < length || memcmp(code, sequences[i].code, length) != 0)
            continue;
        if (sequences[i].rows == INT64_MIN)
            step(viewer, -viewer->stored.rows);
        else if (sequences[i].rows == INT64_MAX)
            step(viewer, viewer->stored.rows);
        else
            step(viewer, sequences[i].rows);
        return length;
    }
    size_t end = 1; /* of another key: its last byte is a letter or ~ */
    while (end < size && (code[end] < '@' || code[end] > '~'))
        end++;
    return end < size ? end + 1 : size;
}

static void take_keys(struct viewer *viewer)
{
    char keys[64];
    ssize_t got = read(STDIN_FILENO, keys, sizeof keys);
    if (got <= 0) {
        viewer->quit = got == 0 || errno != EINTR;
        return;
    }
    for (size_t at = 0; at < (size_t)got;)
        if (keys[at] == '\x1b' && at + 1 < (size_t)got)
            at += 1 + press_sequence(viewer, keys + at + 1, (size_t)got - at - 1);
        else
            press(viewer, keys[at++]);
}

/* Until a key, or the next frame is due; a tenth of a second at most. */
static void wait_for_keys(struct viewer *viewer)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    double left_s = viewer->playing ? viewer->due_s - stop_clock_s() : 0.1;
    int left_ms = (int)fmax(0, fmin(100, ceil(1e3 * left_s)));
    if (poll(&input, 1, left_ms) > 0)
        take_keys(viewer);
}

static void play(struct viewer *viewer)
{
    double now_s = stop_clock_s();
    if (!viewer->playing || now_s < viewer->due_s)
        return;
    viewer->due_s = now_s + 1 / SPEEDS[viewer->speed];
    if (viewer->frame.row == viewer->stored.rows - 1)
        viewer->playing = false;
    move_to(viewer, viewer->frame.row + 1);
}

static enum status view(struct viewer *viewer, struct error *err)
{
    struct stop_watch watch = {.stop_file = "", .task = "leaving", .time_limit_s = -1};
    viewer->due_s = stop_clock_s();
    while (!viewer->quit && stop_poll(&watch, 0) < STOP_SOON) {
        measure_screen(viewer);
        if (!viewer->fresh)
            TRY(draw(viewer, err));
        wait_for_keys(viewer);
        play(viewer);
    }
    return STATUS_OK;
}

/* Keys come one by one and unseen. Ctrl-C asks to stop; Ctrl-Z would leave the screen as it is. */
static enum status view_on_screen(struct viewer *viewer, struct error *err)
{
    struct error later;
    if (tcgetattr(STDIN_FILENO, &viewer->before) != 0)
        return error_set(err, STATUS_IO, "asking the terminal how it is set: %s", strerror(errno));
    struct termios keys = viewer->before;
    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    keys.c_cc[VMIN] = 1;
    keys.c_cc[VTIME] = 0;
    keys.c_cc[VSUSP] = _POSIX_VDISABLE;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &keys) != 0)
        return error_set(err, STATUS_IO, "setting the terminal: %s", strerror(errno));
    viewer->screen.redraw = true;
    viewer->frame.foot = FOOT;
    enum status status = write_all(ENTER, sizeof ENTER - 1, err);
    if (status == STATUS_OK)
        status = view(viewer, err);
    (void)!write_all(LEAVE, sizeof LEAVE - 1, &later);
    (void)!tcsetattr(STDIN_FILENO, TCSAFLUSH, &viewer->before);
    return status;
}

static enum status find_window(struct viewer *viewer, int64_t window, bool last, struct error *err)
{
    struct stored *stored = &viewer->stored;
    struct watch_row newest;
    viewer->frame.row = last ? stored->rows - 1 : stored->first_row;
    if (window < 0)
        return STATUS_OK;
    viewer->frame.row = stored_find(stored, window);
    if (viewer->frame.row >= 0)
        return STATUS_OK;
    TRY(stored_row(stored, stored->rows - 1, &newest, err));
    return error_set(err, STATUS_NO_INPUT,
                     "%s has no frame of window %lld: they are from %lld to "
                     "%lld",
                     stored->directory, (long long)window, (long long)stored->first.window,
                     (long long)newest.window);
}

enum status replay_terminal(const struct replay *replay, int64_t window, struct error *err)
{
    struct viewer viewer = {.speed = USUAL_SPEED};
    bool on_screen = isatty(STDOUT_FILENO), keys = on_screen && isatty(STDIN_FILENO);
    const char *term = on_screen ? getenv("TERM") : NULL;
    viewer.screen.colours = terminal_colours_by(getenv("NO_COLOR"), term, getenv("COLORTERM"));
    keys = keys && term && strcmp(term, "dumb") != 0;
    enum status status = stored_open(replay->directory, &viewer.stored, err);
    if (status == STATUS_OK)
        status = find_window(&viewer, window, !keys, err);
    viewer.playing = window < 0;
    viewer.frame.rows = &viewer.stored.frames;
    viewer.frame.gnx = viewer.stored.shape.gnx;
    viewer.frame.gny = viewer.stored.shape.gny;
    viewer.frame.dx = viewer.stored.shape.dx;
    viewer.frame.dy = viewer.stored.shape.dy;
    viewer.frame.low = viewer.frame.high = NAN;
    viewer.frame.name = viewer.stored.name;
    measure_screen(&viewer);
    if (status == STATUS_OK)
        status = keys ? view_on_screen(&viewer, err) : draw(&viewer, err);
    stored_close(&viewer.stored);
    buffer_release(&viewer.text);
    return status;
}
