/* Relations and alerts against their definition, evaluated over all frames anew for each one. */
#include "watch/watch.h"

#include <math.h>
#include <string.h>

#include "splitmix.h"
#include "unit.h"

enum { REGIONS = 2, STATS = 3, FRAMES = 120, ALERTS = 5, KEPT = 9, WINDOW_MS = 500 };
static const struct watch_relation ratio = {"ratio", 0, 1, 1, 3 * WINDOW_MS};

/* What a judgement of final frames says of every alert at every frame. */
struct verdict {
    int level[FRAMES];
    double value[FRAMES]; /* that was read; NaN: nothing */
    double fired[FRAMES]; /* mean of the readings that reached a level; NaN: none did */
};

struct scene {
    struct watch_alert alerts[ALERTS];
    struct watch_rules rules;
    double readings[FRAMES][REGIONS][STATS];
    int64_t revision[FRAMES];
    struct verdict verdict[ALERTS];
};

static int64_t end_ms(int frame)
{
    return 1000000 + (int64_t)(frame + 1) * WINDOW_MS;
}

static double ratio_at(const struct scene *s, int frame)
{
    double a = 0, b = 0;
    if (frame % 3 != 2)
        return NAN;
    for (int i = frame - 2; i <= frame; i++) {
        a += s->readings[i][0][1];
        b += s->readings[i][1][1];
    }
    return b == 0 ? NAN : (a / 3.0) / (b / 3.0);
}

static double read_at(const struct scene *s, const struct watch_alert *alert, int frame)
{
    if (alert->source == WATCH_REGION)
        return s->readings[frame][alert->of][alert->stat];
    return alert->source == WATCH_RELATION ? ratio_at(s, frame)
                                           : s->verdict[alert->of].fired[frame];
}

/* Whether the last readings up to a frame reach a level, by the words of watch/rules.h. */
static bool reaches(const struct watch_alert *alert, const struct verdict *v, int frame, int level,
                    double *mean)
{
    double values[WATCH_CONSECUTIVE];
    int left = alert->consecutive, first = frame;
    for (int i = frame; i >= 0 && left > 0; i--)
        if (!isnan(v->value[i])) {
            values[--left] = v->value[i];
            first = i;
        }
    if (left > 0 || isnan(v->value[frame]))
        return false;
    *mean = 0;
    for (int k = 0; k < alert->consecutive; k++) {
        *mean += values[k];
        if (alert->level_count > 0 && values[k] < alert->levels[level - 1])
            return false;
        if (alert->rising && k > 0 && values[k] <= values[k - 1])
            return false;
    }
    *mean /= alert->consecutive;
    return alert->within_ms == 0 || end_ms(frame) - end_ms(first) <= alert->within_ms;
}

static void judge_frame(const struct scene *s, int alert_at, struct verdict *v, int frame)
{
    const struct watch_alert *alert = &s->alerts[alert_at];
    int before = frame > 0 ? v->level[frame - 1] : 0, reached = 0;
    int levels = alert->level_count > 0 ? alert->level_count : 1;
    double mean = NAN;
    v->value[frame] = read_at(s, alert, frame);
    v->fired[frame] = NAN;
    for (int level = 1; level <= levels; level++)
        if (reaches(alert, v, frame, level, &mean)) {
            reached = level;
            v->fired[frame] = mean;
        }
    v->level[frame] = reached > before ? reached : before;
    while (reached <= before && v->level[frame] > 0 && alert->level_count > 0 &&
           v->value[frame] < alert->levels[v->level[frame] - 1] - alert->hysteresis)
        v->level[frame]--;
    if (alert->source == WATCH_ALERT && s->verdict[alert->of].level[frame] == 0)
        v->level[frame] = 0;
}

static void judge_all(struct scene *s, int frames)
{
    for (int a = 0; a < s->rules.alert_count; a++)
        for (int frame = 0; frame < frames; frame++)
            judge_frame(s, a, &s->verdict[a], frame);
}

static double draw_value(uint64_t *random)
{
    return (double)roll(random, 9) / 2.0; /* ties, zeros, thresholds met exactly */
}

static void draw_frame(struct scene *s, int frame, uint64_t *random)
{
    for (int region = 0; region < REGIONS; region++)
        for (int stat = 0; stat < STATS; stat++)
            s->readings[frame][region][stat] = draw_value(random);
    if (roll(random, 4) == 0)
        s->readings[frame][1][1] = 0;
}

static void draw_alert(struct scene *s, int at, uint64_t *random)
{
    static const char *const called[] = {"p", "q", "r", "s", "t"};
    struct watch_alert *alert = &s->alerts[at];
    *alert = (struct watch_alert){.name = called[at],
                                  .source = (enum watch_source)(at == 0 ? 0 : roll(random, 3)),
                                  .stat = (int)roll(random, STATS),
                                  .consecutive = 1 + (int)roll(random, 4),
                                  .hysteresis = roll(random, 3) / 2.0,
                                  .within_ms = (int64_t)roll(random, 5) * WINDOW_MS,
                                  .rising = roll(random, 3) == 0};
    alert->of = alert->source == WATCH_REGION  ? (int)roll(random, REGIONS)
                : alert->source == WATCH_ALERT ? (int)roll(random, (unsigned)at)
                                               : 0;
    alert->level_count = alert->source == WATCH_ALERT && roll(random, 2) ? 0 : 3;
    for (int i = 0; i < 3; i++)
        alert->levels[i] = 1.0 + i;
}

static struct scene *draw_scene(uint64_t *random)
{
    struct scene *s = calloc(1, sizeof *s);
    for (int i = 0; i < ALERTS; i++)
        draw_alert(s, i, random);
    s->rules = (struct watch_rules){.window_ms = WINDOW_MS,
                                    .regions = REGIONS,
                                    .stats = STATS,
                                    .relations = &ratio,
                                    .relation_count = 1,
                                    .alerts = s->alerts,
                                    .alert_count = ALERTS};
    return s;
}

static struct watch_view take(struct watch *watch, const struct scene *s, int frame,
                              struct buffer *news)
{
    return watch_take(watch,
                      &(struct watch_frame){.window = frame,
                                            .end_ms = end_ms(frame),
                                            .revision = s->revision[frame],
                                            .final = true,
                                            .readings = &s->readings[frame][0][0]},
                      news);
}

static void check_view(const struct scene *s, int frame, const struct watch_view *view)
{
    double expected = ratio_at(s, frame);
    int highest[REGIONS] = {0};
    CU_ASSERT_EQUAL(isnan(view->ratios[0]), isnan(expected));
    CU_ASSERT(isnan(expected) || view->ratios[0] == expected);
    for (int a = 0; a < ALERTS; a++) {
        int level = s->verdict[a].level[frame], of = s->alerts[a].of;
        CU_ASSERT_EQUAL(view->levels[a], level);
        if (s->alerts[a].source == WATCH_REGION && level > highest[of])
            highest[of] = level;
    }
    for (int region = 0; region < REGIONS; region++)
        CU_ASSERT_EQUAL(view->region_levels[region], highest[region]);
}

/* Late events: some of the last frames anew, in order, as a roll-back publishes them. */
static void correct(struct watch *watch, struct scene *s, int next, uint64_t *random,
                    struct buffer *news)
{
    int most = next < KEPT - 1 ? next : KEPT - 1;
    int first = next - 1 - (int)roll(random, (unsigned)most);
    for (int frame = first; frame < next; frame++) {
        if (roll(random, 2))
            draw_frame(s, frame, random);
        s->revision[frame]++;
    }
    judge_all(s, next);
    for (int frame = first; frame < next; frame++) {
        struct watch_view view = take(watch, s, frame, news);
        check_view(s, frame, &view);
    }
}

/* The last word about an alert and window. */
struct word {
    char event[16];
    int level, from;
    int64_t revision;
};

static void read_words(const struct buffer *news, struct word words[ALERTS][FRAMES])
{
    const char *line = (const char *)news->data;
    memset(words, 0, sizeof(struct word) * ALERTS * FRAMES);
    for (; line && *line; line = strchr(line, '\n') + 1) {
        char alert, event[16];
        int level, from, window;
        long long revision;
        CU_ASSERT_EQUAL_FATAL(sscanf(line,
                                     "{\"alert\":\"%c\",\"event\":\"%15[a-z]\",\"level\":%d,"
                                     "\"from\":%d,",
                                     &alert, event, &level, &from),
                              4);
        CU_ASSERT_EQUAL_FATAL(sscanf(strstr(line, "\"window\""), "\"window\":%d,", &window), 1);
        CU_ASSERT_EQUAL_FATAL(sscanf(strstr(line, "\"revision\""), "\"revision\":%lld", &revision),
                              1);
        struct word *word = &words[alert - 'p'][window];
        CU_ASSERT(!*word->event || revision > word->revision); /* never told twice */
        *word = (struct word){.level = level, .from = from, .revision = revision};
        memcpy(word->event, event, sizeof event);
    }
}

static void check_words(const struct scene *s, struct buffer *news)
{
    static struct word words[ALERTS][FRAMES];
    buffer_put_u8(news, 0);
    read_words(news, words);
    for (int a = 0; a < ALERTS; a++)
        for (int frame = 0; frame < FRAMES; frame++) {
            const struct word *word = &words[a][frame];
            int from = frame > 0 ? s->verdict[a].level[frame - 1] : 0;
            int to = s->verdict[a].level[frame];
            if (from == to) {
                CU_ASSERT(!*word->event || !strcmp(word->event, "withdrawn"));
                continue;
            }
            CU_ASSERT_STRING_EQUAL(word->event, to > from ? "raised"
                                                : to > 0  ? "lowered"
                                                          : "cleared");
            CU_ASSERT(word->level == to && word->from == from);
        }
}

/* As if the run had been killed here. */
static struct watch *restarted(struct watch *watch, const struct scene *s)
{
    struct buffer state = {0};
    struct error err;
    watch_save(watch, &state);
    watch_destroy(watch);
    watch = watch_create(&s->rules, KEPT);
    struct buffer_reader reader = {.data = state.data, .size = state.size};
    CU_ASSERT_EQUAL(watch_load(watch, &reader, &err), STATUS_OK);
    CU_ASSERT_EQUAL(reader.position, reader.size);
    buffer_release(&state);
    return watch;
}

static void live(uint64_t seed, bool corrected, bool killed)
{
    uint64_t random = seed;
    struct buffer news = {0};
    struct scene *s = draw_scene(&random);
    struct watch *watch = watch_create(&s->rules, KEPT);
    for (int frame = 0; frame < FRAMES; frame++) {
        if (corrected && frame > 0 && roll(&random, 3) == 0)
            correct(watch, s, frame, &random, &news);
        draw_frame(s, frame, &random);
        judge_all(s, frame + 1);
        struct watch_view view = take(watch, s, frame, &news);
        check_view(s, frame, &view);
        if (killed && roll(&random, 4) == 0)
            watch = restarted(watch, s);
        int back = frame - (int)roll(&random, frame < KEPT ? (unsigned)frame + 1 : KEPT);
        view = watch_recall(watch, back);
        check_view(s, back, &view);
    }
    check_words(s, &news);
    watch_destroy(watch);
    buffer_release(&news);
    free(s);
}

static void alerts_follow_their_definition(void)
{
    for (uint64_t seed = 1; seed <= 100; seed++)
        live(seed, false, false);
}

static void corrections_leave_what_a_judgement_of_the_final_frames_says(void)
{
    for (uint64_t seed = 1; seed <= 100; seed++)
        live(1000 + seed, true, false);
}

static void restarts_change_no_word(void)
{
    for (uint64_t seed = 1; seed <= 100; seed++)
        live(2000 + seed, true, true);
}

static void a_line_says_what_happened(void)
{
    struct buffer news = {0};
    struct scene *s = calloc(1, sizeof *s);
    s->alerts[0] = (struct watch_alert){
        .name = "hot", .stat = 2, .levels = {20, 30}, .level_count = 2, .consecutive = 1};
    s->rules = (struct watch_rules){.window_ms = WINDOW_MS,
                                    .regions = 1,
                                    .stats = STATS,
                                    .alerts = s->alerts,
                                    .alert_count = 1};
    struct watch *watch = watch_create(&s->rules, KEPT);
    const double values[] = {30.1, 25, 1};
    for (int i = 0; i < 3; i++) {
        s->readings[i][0][2] = values[i];
        (void)take(watch, s, i, &news);
    }
    s->readings[2][0][2] = 22;
    s->revision[2] = 4;
    (void)take(watch, s, 2, &news);
    buffer_put_u8(&news, 0);
    CU_ASSERT_STRING_EQUAL(
        (const char *)news.data,
        "{\"alert\":\"hot\",\"event\":\"raised\",\"level\":2,\"from\":0,\"threshold\":30.0,"
        "\"value\":30.1,\"window\":0,\"time\":1000500,\"revision\":0,\"final\":true}\n"
        "{\"alert\":\"hot\",\"event\":\"lowered\",\"level\":1,\"from\":2,\"threshold\":30.0,"
        "\"value\":25.0,\"window\":1,\"time\":1001000,\"revision\":0,\"final\":true}\n"
        "{\"alert\":\"hot\",\"event\":\"cleared\",\"level\":0,\"from\":1,\"threshold\":20.0,"
        "\"value\":1.0,\"window\":2,\"time\":1001500,\"revision\":0,\"final\":true}\n"
        "{\"alert\":\"hot\",\"event\":\"withdrawn\",\"level\":0,\"from\":1,\"threshold\":20.0,"
        "\"value\":1.0,\"window\":2,\"time\":1001500,\"revision\":4,\"final\":true}\n");
    watch_destroy(watch);
    buffer_release(&news);
    free(s);
}

static void damaged_states_are_refused_or_harmless(void)
{
    uint64_t random = 5;
    struct error err;
    struct buffer state = {0}, news = {0};
    struct scene *s = draw_scene(&random);
    struct watch *watch = watch_create(&s->rules, KEPT);
    for (int frame = 0; frame < 2 * KEPT; frame++) {
        draw_frame(s, frame, &random);
        (void)take(watch, s, frame, &news);
    }
    watch_save(watch, &state);
    int refused = 0;
    for (int i = 0; i < 2000; i++) {
        size_t at = (size_t)(next_random(&random) % state.size);
        uint8_t kept = state.data[at];
        state.data[at] = (uint8_t)next_random(&random);
        struct buffer_reader reader = {.data = state.data, .size = i % 3 ? state.size : at};
        enum status status = watch_load(watch, &reader, &err);
        refused += status != STATUS_OK;
        CU_ASSERT(status == STATUS_OK || status == STATUS_BAD_DATA);
        state.data[at] = kept;
    }
    CU_ASSERT(refused > 600);
    watch_destroy(watch);
    buffer_release(&state);
    buffer_release(&news);
    free(s);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(alerts_follow_their_definition),
        UNIT_TEST(corrections_leave_what_a_judgement_of_the_final_frames_says),
        UNIT_TEST(restarts_change_no_word),
        UNIT_TEST(a_line_says_what_happened),
        UNIT_TEST(damaged_states_are_refused_or_harmless),
    };
    return unit_run("watch", tests, UNIT_COUNT(tests));
}
