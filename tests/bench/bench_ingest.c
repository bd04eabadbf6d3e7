/* Events a second of processor time: made, written as JSON, and decoded in several spellings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "wire/decoder.h"
#include "wire/generator.h"

enum { EVENTS = 1 << 16, ROUNDS = 20, LINE = 128 };

struct lines {
    char text[EVENTS][LINE];
    struct message messages[EVENTS];
};

static const struct generator_config usual = {.gnx = 40,
                                              .gny = 40,
                                              .partitions = 6,
                                              .seed = 1,
                                              .start_ms = 1700000000000,
                                              .step_ms = 100,
                                              .probability = 0.5,
                                              .value = 1,
                                              .zeros = true};

static double processor_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void report(const char *what, double begin_s)
{
    double rate = (double)EVENTS * ROUNDS / (processor_s() - begin_s);
    printf("%-48s %6.1f M events/s\n", what, 1e-6 * rate);
}

static void bench_generator(const char *what, const struct generator_config *config, bool encode)
{
    struct generator *generator = generator_create(config);
    struct generated event;
    struct buffer key = {0}, value = {0};
    double begin_s = processor_s();
    for (int64_t i = 0; i < (int64_t)EVENTS * ROUNDS; i++) {
        if (!generator_next(generator, &event))
            abort();
        if (!encode)
            continue;
        buffer_clear(&value);
        generator_encode(generator, &event, EVENT_JSON, &key, &value);
    }
    report(what, begin_s);
    buffer_release(&value);
    generator_destroy(generator);
}

/* `avro` NULL: JSON; taken. */
static void bench_decoder(const char *what, const struct lines *lines, struct avro_plan *avro)
{
    struct decoder *decoder =
        decoder_create(&(struct decoder_config){.format = avro ? EVENT_AVRO : EVENT_JSON,
                                                .field_time = "time",
                                                .field_x = "gridX",
                                                .field_y = "gridY",
                                                .field_value = "gen",
                                                .gnx = 40,
                                                .gny = 40,
                                                .gen_limit = 1e12,
                                                .avro = avro});
    struct record record;
    double begin_s = processor_s();
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < EVENTS; i++) {
            decoder_decode(decoder, 0, &lines->messages[i], &record);
            if (record.verdict != FATE_ON_TIME)
                abort();
        }
    report(what, begin_s);
    decoder_destroy(decoder);
}

/* `format` takes time, x, y and gen in this order. */
static void fill(struct lines *lines, const char *format, double gen_step)
{
    for (int i = 0; i < EVENTS; i++) {
        int size = snprintf(lines->text[i], LINE, format, 1700000000000LL + i, i % 40, i / 40 % 40,
                            i * gen_step);
        lines->messages[i] = (struct message){
            .offset = i, .value = (const uint8_t *)lines->text[i], .value_size = (size_t)size};
    }
}

static void bench_spelling(struct lines *lines, const char *what, const char *format,
                           double gen_step)
{
    fill(lines, format, gen_step);
    bench_decoder(what, lines, NULL);
}

static struct avro_plan *make_plan(const char *schema_text)
{
    static const struct avro_fields fields = {
        .time = "time", .x = "gridX", .y = "gridY", .value = "gen", .unit_of_schema = true};
    struct avro_schema *schema;
    struct avro_plan *plan;
    struct error err;
    if (avro_schema_parse("bench", (const uint8_t *)schema_text, strlen(schema_text), &schema,
                          &err) != STATUS_OK ||
        avro_plan_create(schema, &fields, &plan, &err) != STATUS_OK)
        abort();
    avro_schema_destroy(schema);
    return plan;
}

/* The events of fill() with a gen_step of 0.5, as a record of the schema. */
static void bench_avro(struct lines *lines, const char *what, const char *schema_text)
{
    struct avro_plan *plan = make_plan(schema_text);
    struct event_avro *event;
    struct buffer body = {0};
    struct error err;
    if (event_avro_create(plan, "bench", EVENT_AVRO_PLAIN, 0.5, &event, &err) != STATUS_OK)
        abort();
    for (int i = 0; i < EVENTS; i++) {
        buffer_clear(&body);
        event_avro_put(
            event,
            &(struct generated){
                .time_ms = 1700000000000LL + i, .x = i % 40, .y = i / 40 % 40, .value = 0.5 * i},
            &body);
        memcpy(lines->text[i], body.data, body.size);
        lines->messages[i].value_size = body.size;
    }
    bench_decoder(what, lines, plan);
    buffer_release(&body);
    event_avro_destroy(event);
}

int main(void)
{
    struct generator_config config = usual;
    bench_generator("generator, every sensor", &config, false);
    bench_generator("generator, as JSON", &config, true);
    config.jitter_ms = 30;
    config.delay_ms = 50;
    config.dropout = config.duplicates = 0.01;
    bench_generator("generator, jitter, delay, dropout, duplicates", &config, false);
    struct lines *lines = malloc(sizeof *lines);
    if (!lines)
        return EXIT_FAILURE;
    bench_spelling(lines, "decoder, JSON as generated",
                   "{\"time\":%lld,\"gridX\":%d,\"gridY\":%d,\"gen\":%.1f}", 0);
    bench_spelling(lines, "decoder, JSON with 17 digits",
                   "{\"time\":%lld,\"gridX\":%d,\"gridY\":%d,\"gen\":%.17g}", 1.0 / 7);
    bench_spelling(
        lines, "decoder, JSON with spaces and another key",
        "{ \"time\": %lld, \"gridX\": %d, \"gridY\": %d, \"gen\": %.3f, \"id\": \"s1\" }", 1.0 / 7);
    bench_avro(
        lines, "decoder, Avro",
        "{\"type\": \"record\", \"name\": \"E\", \"fields\": ["
        "{\"name\": \"time\", \"type\": \"long\"}, {\"name\": \"gridX\", \"type\": \"int\"}, "
        "{\"name\": \"gridY\", \"type\": \"int\"}, {\"name\": \"gen\", \"type\": \"double\"}]}");
    free(lines);
    return EXIT_SUCCESS;
}
