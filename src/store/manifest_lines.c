#include "manifest_lines.h"

#include <stdio.h>
#include <string.h>

static bool parse_frame(const char *text, struct manifest_line *line)
{
    long long window, revision, row;
    char digest[DIGEST_HEX], stored[DIGEST_HEX];
    struct manifest_frame *frame = &line->frame;
    double change;
    int final, end = 0;
    if (sscanf(text, "%lld %lld %lld %32s %32s %d %lf%n", &window, &revision, &row, digest, stored,
               &final, &change, &end) != 7 ||
        text[end] || window < 0 || revision < 0 || row < 0)
        return false;
    *frame = (struct manifest_frame){
        .window = window, .revision = revision, .row = row, .final = final != 0, .change = change};
    return digest_parse(digest, &frame->digest) && digest_parse(stored, &frame->stored);
}

static enum status append_frame(struct linelog *log, bool sync, const struct manifest_line *line,
                                struct error *err)
{
    const struct manifest_frame *frame = &line->frame;
    char digest[DIGEST_HEX], stored[DIGEST_HEX];
    digest_hex(frame->digest, digest);
    digest_hex(frame->stored, stored);
    return linelog_append(log, sync, err, "frame %lld %lld %lld %s %s %d %.17g",
                          (long long)frame->window, (long long)frame->revision,
                          (long long)frame->row, digest, stored, frame->final, frame->change);
}

static bool parse_rewrite(const char *text, struct manifest_line *line)
{
    long long first, last;
    int end = 0;
    if (sscanf(text, "%lld %lld%n", &first, &last, &end) != 2 || text[end] || first < 0 ||
        last < first)
        return false;
    line->rewrite.first = first;
    line->rewrite.last = last;
    return true;
}

static enum status append_rewrite(struct linelog *log, bool sync, const struct manifest_line *line,
                                  struct error *err)
{
    return linelog_append(log, sync, err, "rewrite %lld %lld", (long long)line->rewrite.first,
                          (long long)line->rewrite.last);
}

/* The digests of the past stand at the end of the line of a checkpoint that has one. */
static bool parse_past(const char *text, struct checkpoint_seal *seal)
{
    char field[DIGEST_HEX], outflow[DIGEST_HEX];
    int end = 0;
    if (!text[0])
        return true;
    seal->has_past = true;
    return sscanf(text, " %32s %32s%n", field, outflow, &end) == 2 && !text[end] &&
           digest_parse(field, &seal->past_field) && digest_parse(outflow, &seal->past_outflow);
}

static bool parse_checkpoint(const char *text, struct manifest_line *line)
{
    long long window, rows;
    char field[DIGEST_HEX], outflow[DIGEST_HEX], state[DIGEST_HEX];
    struct manifest_checkpoint *entry = &line->checkpoint;
    int provisional, end = 0;
    if (sscanf(text, "%lld %lld %d %32s %32s %32s%n", &window, &rows, &provisional, field, outflow,
               state, &end) != 6 ||
        window < 0 || rows < 0)
        return false;
    *entry = (struct manifest_checkpoint){
        .window = window, .rows = rows, .provisional = provisional != 0};
    return digest_parse(field, &entry->seal.field) && digest_parse(outflow, &entry->seal.outflow) &&
           digest_parse(state, &entry->seal.state) && parse_past(text + end, &entry->seal);
}

static enum status append_checkpoint(struct linelog *log, bool sync,
                                     const struct manifest_line *line, struct error *err)
{
    const struct manifest_checkpoint *entry = &line->checkpoint;
    const struct checkpoint_seal *seal = &entry->seal;
    const struct digest all[] = {seal->field, seal->outflow, seal->state, seal->past_field,
                                 seal->past_outflow};
    char digests[5 * (DIGEST_HEX + 1)] = "";
    for (int i = 0, at = 0; i < (seal->has_past ? 5 : 3); i++, at += DIGEST_HEX) {
        digests[at] = ' ';
        digest_hex(all[i], digests + at + 1);
    }
    return linelog_append(log, sync, err, "checkpoint %lld %lld %d%s", (long long)entry->window,
                          (long long)entry->rows, entry->provisional, digests);
}

static bool parse_back(const char *text, struct manifest_line *line)
{
    long long window;
    int end = 0;
    if (sscanf(text, "%lld%n", &window, &end) != 1 || text[end] || window < -1)
        return false;
    line->back_to = window;
    return true;
}

static enum status append_back(struct linelog *log, bool sync, const struct manifest_line *line,
                               struct error *err)
{
    return linelog_append(log, sync, err, "back %lld", (long long)line->back_to);
}

static bool parse_finished(const char *text, struct manifest_line *line)
{
    long long window;
    char hex[DIGEST_HEX], how[8];
    struct manifest_finish *finish = &line->finish;
    int end = 0;
    if (sscanf(text, "%lld %32s %7s%n", &window, hex, how, &end) != 3 || text[end] ||
        !digest_parse(hex, &finish->digest))
        return false;
    finish->window = window;
    finish->at_end = strcmp(how, "end") == 0;
    return finish->at_end || strcmp(how, "limit") == 0;
}

static enum status append_finished(struct linelog *log, bool sync, const struct manifest_line *line,
                                   struct error *err)
{
    char hex[DIGEST_HEX];
    digest_hex(line->finish.digest, hex);
    return linelog_append(log, sync, err, "finished %lld %s %s", (long long)line->finish.window,
                          hex, line->finish.at_end ? "end" : "limit");
}

static bool take_text(const char *text, struct manifest_line *line)
{
    line->text = text;
    return true;
}

static enum status append_summary(struct linelog *log, bool sync, const struct manifest_line *line,
                                  struct error *err)
{
    return linelog_append(log, sync, err, "summary %s", line->text);
}

static enum status append_epoch(struct linelog *log, bool sync, const struct manifest_line *line,
                                struct error *err)
{
    return linelog_append(log, sync, err, "epoch %s", line->text);
}

static const struct {
    const char *word;
    bool (*parse)(const char *text, struct manifest_line *line);
    enum status (*append)(struct linelog *log, bool sync, const struct manifest_line *line,
                          struct error *err);
} kinds[] = {
    [MANIFEST_FRAME] = {"frame ", parse_frame, append_frame},
    [MANIFEST_REWRITE] = {"rewrite ", parse_rewrite, append_rewrite},
    [MANIFEST_CHECKPOINT] = {"checkpoint ", parse_checkpoint, append_checkpoint},
    [MANIFEST_BACK] = {"back ", parse_back, append_back},
    [MANIFEST_SUMMARY] = {"summary ", take_text, append_summary},
    [MANIFEST_FINISHED] = {"finished ", parse_finished, append_finished},
    [MANIFEST_EPOCH] = {"epoch ", take_text, append_epoch},
};

bool manifest_line_parse(const char *text, struct manifest_line *line)
{
    for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
        size_t length = strlen(kinds[kind].word);
        if (strncmp(text, kinds[kind].word, length) != 0)
            continue;
        line->kind = (enum manifest_kind)kind;
        return kinds[kind].parse(text + length, line);
    }
    return false;
}

enum status manifest_line_append(struct linelog *log, bool sync, const struct manifest_line *line,
                                 struct error *err)
{
    return kinds[line->kind].append(log, sync, line, err);
}
