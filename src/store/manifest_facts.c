#include "manifest_facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { FIRST_SLOTS = 1024 };

static struct manifest_said *allocate_slots(int64_t count)
{
    struct manifest_said *slots = memory_zeroed(count, sizeof *slots);
    return slots;
}

void manifest_facts_init(struct manifest_facts *facts)
{
    *facts =
        (struct manifest_facts){.said = allocate_slots(FIRST_SLOTS), .said_slots = FIRST_SLOTS};
}

void manifest_facts_release(struct manifest_facts *facts)
{
    buffer_release(&facts->frames);
    buffer_release(&facts->before);
    buffer_release(&facts->checkpoints);
    buffer_release(&facts->epochs);
    buffer_release(&facts->summary);
    free(facts->said);
    facts->said = NULL;
}

int64_t manifest_facts_frames(const struct manifest_facts *facts,
                              const struct manifest_frame **frames)
{
    *frames = (const void *)facts->frames.data;
    return (int64_t)(facts->frames.size / sizeof **frames);
}

static struct manifest_checkpoint *checkpoints_of(const struct manifest_facts *facts)
{
    return (struct manifest_checkpoint *)(void *)facts->checkpoints.data;
}

int manifest_facts_checkpoints(const struct manifest_facts *facts,
                               const struct manifest_checkpoint **list)
{
    *list = checkpoints_of(facts);
    return (int)(facts->checkpoints.size / sizeof **list);
}

/* The slot of a window, or the free one where it belongs. */
static struct manifest_said *find_said(const struct manifest_facts *facts, int64_t window)
{
    uint64_t mixed = (uint64_t)window * 0x9e3779b97f4a7c15U;
    uint64_t mask = (uint64_t)facts->said_slots - 1;
    for (uint64_t i = mixed >> 32;; i++) {
        struct manifest_said *said = &facts->said[i & mask];
        if (said->newest == 0 || said->window == window)
            return said;
    }
}

static void grow_said(struct manifest_facts *facts)
{
    struct manifest_said *old = facts->said;
    int64_t count = facts->said_slots;
    facts->said_slots = 2 * count;
    facts->said = allocate_slots(facts->said_slots);
    for (int64_t i = 0; i < count; i++)
        if (old[i].newest)
            *find_said(facts, old[i].window) = old[i];
    free(old);
}

const struct manifest_frame *manifest_facts_find(const struct manifest_facts *facts, int64_t window,
                                                 int64_t revision)
{
    const struct manifest_frame *frames = (const void *)facts->frames.data;
    const int64_t *before = (const void *)facts->before.data;
    for (int64_t i = find_said(facts, window)->newest; i > 0; i = before[i - 1])
        if (frames[i - 1].revision == revision)
            return &frames[i - 1];
    return NULL;
}

int64_t manifest_facts_holds(const struct manifest_facts *facts, int64_t window)
{
    const struct manifest_said *said = find_said(facts, window);
    return said->newest ? said->holds : -1;
}

static void read_frame(struct manifest_facts *facts, const struct manifest_frame *frame)
{
    struct manifest_said *said = find_said(facts, frame->window);
    if (said->newest == 0)
        facts->said_count++;
    buffer_append(&facts->before, &said->newest, sizeof said->newest);
    buffer_append(&facts->frames, frame, sizeof *frame);
    *said = (struct manifest_said){.window = frame->window,
                                   .newest = (int64_t)(facts->frames.size / sizeof *frame),
                                   .holds = frame->revision};
    if (2 * facts->said_count > facts->said_slots)
        grow_said(facts);
}

static void append_frame(struct manifest_facts *facts, const struct manifest_frame *frame)
{
    struct manifest_said *said = find_said(facts, frame->window);
    if (said->newest)
        said->holds = frame->revision;
}

/* Walks over whichever are fewer, the windows of the range or those known. */
static void note_rewrite(struct manifest_facts *facts, int64_t first, int64_t last)
{
    bool few = last - first < facts->said_slots;
    int64_t steps = few ? last - first + 1 : facts->said_slots;
    for (int64_t i = 0; i < steps; i++) {
        struct manifest_said *said = few ? find_said(facts, first + i) : &facts->said[i];
        if (said->newest && said->window >= first && said->window <= last)
            said->holds = -1;
    }
}

static void note_checkpoint(struct manifest_facts *facts, const struct manifest_checkpoint *entry)
{
    const struct manifest_checkpoint *list;
    int count = manifest_facts_checkpoints(facts, &list), at = count;
    while (at > 0 && list[at - 1].window >= entry->window)
        at--;
    if (at == count || list[at].window != entry->window) {
        buffer_append(&facts->checkpoints, entry, sizeof *entry);
        struct manifest_checkpoint *grown = checkpoints_of(facts);
        memmove(grown + at + 1, grown + at, (size_t)(count - at) * sizeof *grown);
    }
    checkpoints_of(facts)[at] = *entry;
}

static void note_back(struct manifest_facts *facts, int64_t window)
{
    const struct manifest_checkpoint *list;
    int count = manifest_facts_checkpoints(facts, &list);
    while (count > 0 && list[count - 1].window > window)
        count--;
    facts->checkpoints.size = (size_t)count * sizeof *list;
    facts->undone = facts->undone || facts->finished;
    facts->finished = false;
    if (window < INT64_MAX)
        note_rewrite(facts, window + 1, INT64_MAX);
}

static void note_other(struct manifest_facts *facts, const struct manifest_line *line)
{
    switch (line->kind) {
    case MANIFEST_REWRITE:
        note_rewrite(facts, line->rewrite.first, line->rewrite.last);
        break;
    case MANIFEST_CHECKPOINT:
        note_checkpoint(facts, &line->checkpoint);
        break;
    case MANIFEST_BACK:
        note_back(facts, line->back_to);
        break;
    case MANIFEST_SUMMARY:
        buffer_clear(&facts->summary);
        buffer_append(&facts->summary, line->text, strlen(line->text) + 1);
        break;
    case MANIFEST_FINISHED:
        facts->finished = true;
        facts->undone = false;
        facts->finish = line->finish;
        break;
    case MANIFEST_EPOCH:
        buffer_append(&facts->epochs, line->text, strlen(line->text) + 1);
        break;
    case MANIFEST_FRAME:
        break;
    }
}

void manifest_facts_read(struct manifest_facts *facts, const struct manifest_line *line)
{
    if (line->kind == MANIFEST_FRAME)
        read_frame(facts, &line->frame);
    else
        note_other(facts, line);
}

void manifest_facts_append(struct manifest_facts *facts, const struct manifest_line *line)
{
    if (line->kind == MANIFEST_FRAME)
        append_frame(facts, &line->frame);
    else
        note_other(facts, line);
}

void manifest_facts_retire(struct manifest_facts *facts, int keep)
{
    struct manifest_checkpoint *list = checkpoints_of(facts);
    int count = (int)(facts->checkpoints.size / sizeof *list), settled = count - 1, kept = 0;
    while (settled >= 0 && list[settled].provisional)
        settled--;
    for (int i = 0; i < count; i++)
        if (i == settled || i >= count - keep)
            list[kept++] = list[i];
    facts->checkpoints.size = (size_t)kept * sizeof *list;
}
