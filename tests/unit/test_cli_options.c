#include "cli/cli.h"

#include <string.h>
#include <unistd.h>

#include "unit.h"

enum { MAX_WORDS = 16 };

static struct cli_options options;
static struct error err;

/* Parses a command line written as one string; words are parted by single spaces. */
static enum status parse(const char *line)
{
    static char text[1024];
    char *argv[MAX_WORDS + 1];
    int argc = 0;
    cli_release(&options);
    err.text[0] = '\0';
    snprintf(text, sizeof text, "%s", line);
    for (char *word = strtok(text, " "); word && argc < MAX_WORDS; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    return cli_parse(argc, argv, &options, &err);
}

static void assert_overrides(const char *const *expected, int count)
{
    CU_ASSERT_EQUAL_FATAL(options.override_count, count);
    for (int i = 0; i < count; i++)
        CU_ASSERT_STRING_EQUAL(options.overrides[i], expected[i]);
}

static void a_run_without_options_has_the_documented_defaults(void)
{
    CU_ASSERT_EQUAL(parse("heatstream run deck.yaml"), STATUS_OK);
    CU_ASSERT_EQUAL(options.command, CLI_RUN);
    CU_ASSERT_STRING_EQUAL(options.path, "deck.yaml");
    CU_ASSERT_EQUAL(options.override_count, 0);
    CU_ASSERT_EQUAL(options.restart, CLI_RESTART_AUTO);
    CU_ASSERT_EQUAL(options.until, CLI_UNTIL_NONE);
    CU_ASSERT_EQUAL(options.time_limit_s, -1);
    CU_ASSERT_STRING_EQUAL(options.from, "beginning");
    CU_ASSERT_FALSE(options.dry_run || options.print_config || options.help);
    CU_ASSERT_FALSE(options.accept_gap);
}

static void a_gap_is_accepted_by_a_run_only(void)
{
    CU_ASSERT_EQUAL(parse("heatstream run --accept-gap deck.yaml"), STATUS_OK);
    CU_ASSERT_TRUE(options.accept_gap);
    CU_ASSERT_EQUAL(parse("heatstream check --accept-gap deck.yaml"), STATUS_USAGE);
}

static void options_of_the_deck_become_overrides_in_order(void)
{
    static const char *const expected[] = {
        "grid.nx=5",
        "stream.brokers=h:9092",
        "stream.topic=t",
        "log.level=warn",
        "stream.rdkafka.linger.ms=5",
        "log.level=debug",
        "run.out=o",
        "log.format=json",
        "stream.brokers=b:1",
        "run.title=a=b",
    };
    CU_ASSERT_EQUAL(parse("heatstream run -D grid.nx=5 -b h:9092 d.yaml -t t -q -X linger.ms=5 -v "
                          "--out o --log=json"),
                    STATUS_OK);
    assert_overrides(expected, 8);
    CU_ASSERT_EQUAL(parse("heatstream run -Dgrid.nx=5 -bh:9092 -tt -q -Xlinger.ms=5 -v d.yaml "
                          "--out=o --log json -Xbootstrap.servers=b:1 -Drun.title=a=b"),
                    STATUS_OK);
    assert_overrides(expected, 10);
}

static void restart_takes_its_word_after_an_equals_sign(void)
{
    static const struct {
        const char *line;
        enum cli_restart restart;
    } cases[] = {
        {"heatstream run --restart d.yaml", CLI_RESTART_AUTO},
        {"heatstream run --restart=auto d.yaml", CLI_RESTART_AUTO},
        {"heatstream run --restart=latest d.yaml", CLI_RESTART_LATEST},
        {"heatstream run --restart=none d.yaml", CLI_RESTART_NONE},
        {"heatstream run --restart=ckpt/a.h5 d.yaml", CLI_RESTART_FILE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CU_ASSERT_EQUAL(parse(cases[i].line), STATUS_OK);
        CU_ASSERT_EQUAL(options.restart, cases[i].restart);
        CU_ASSERT_STRING_EQUAL(options.path, "d.yaml");
    }
    CU_ASSERT_STRING_EQUAL(options.restart_file, "ckpt/a.h5");
    CU_ASSERT_EQUAL(parse("heatstream run --restart= d.yaml"), STATUS_USAGE);
}

static void until_is_an_end_a_count_or_an_instant(void)
{
    CU_ASSERT_EQUAL(parse("heatstream run --until end d"), STATUS_OK);
    CU_ASSERT_EQUAL(options.until, CLI_UNTIL_END);
    CU_ASSERT_EQUAL(parse("heatstream run --until 600 d"), STATUS_OK);
    CU_ASSERT_EQUAL(options.until, CLI_UNTIL_WINDOWS);
    CU_ASSERT_EQUAL(options.until_value, 600);
    CU_ASSERT_EQUAL(parse("heatstream run --until 2026-01-01T00:00:01Z d"), STATUS_OK);
    CU_ASSERT_EQUAL(options.until, CLI_UNTIL_TIME);
    CU_ASSERT_EQUAL(options.until_value, 1767225601000);
    CU_ASSERT_EQUAL(parse("heatstream run --until 0 d"), STATUS_USAGE);
    CU_ASSERT_EQUAL(parse("heatstream run --until 2026-01-01T00:00:01 d"), STATUS_USAGE);
    CU_ASSERT_EQUAL(parse("heatstream run --until 99999999999999999999 d"), STATUS_USAGE);
}

static void time_limits_are_read_as_squeue_prints_them(void)
{
    static const struct {
        const char *line;
        int64_t seconds;
    } good[] = {
        {"heatstream run --time-limit 01:02:03 d", 3723},
        {"heatstream run --time-limit 5:00 d", 300},
        {"heatstream run --time-limit 2-00:00:01 d", 172801},
        {"heatstream run --time-limit 100:00:00 d", 360000},
        {"heatstream run --time-limit 90:00 d", 5400},
        {"heatstream run --time-limit 0:00 d", 0},
        {"heatstream run --time-limit UNLIMITED d", -1},
    };
    static const char *const bad[] = {
        "heatstream run --time-limit 60 d",      "heatstream run --time-limit 1:60 d",
        "heatstream run --time-limit 1:60:00 d", "heatstream run --time-limit 1-24:00:00 d",
        "heatstream run --time-limit 1-5:00 d",  "heatstream run --time-limit -1:00 d",
        "heatstream run --time-limit 1:2:3:4 d", "heatstream run --time-limit 1:00x d",
        "heatstream run --time-limit INVALID d", "heatstream run --time-limit 9999999:00 d",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CU_ASSERT_EQUAL(parse(good[i].line), STATUS_OK);
        CU_ASSERT_EQUAL(options.time_limit_s, good[i].seconds);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CU_ASSERT_EQUAL(parse(bad[i]), STATUS_USAGE);
}

static void offsets_follow_the_grammar_of_kcat(void)
{
    static const char *const good[] = {"beginning", "end", "0", "1234", "-50", "s@1767225600000"};
    static const char *const bad[] = {
        "begin", "+5", "s@", "s@-5", "5x", "--", "99999999999999999999"};
    char line[128];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(line, sizeof line, "heatstream run --from %s d", good[i]);
        CU_ASSERT_EQUAL(parse(line), STATUS_OK);
        CU_ASSERT_STRING_EQUAL(options.from, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(line, sizeof line, "heatstream run --from %s d", bad[i]);
        CU_ASSERT_EQUAL(parse(line), STATUS_USAGE);
    }
}

static void out_belongs_to_the_command_it_is_given_to(void)
{
    CU_ASSERT_EQUAL(parse("heatstream gen --out - --pace 2.5 d"), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(options.gen_out, "-");
    CU_ASSERT_DOUBLE_EQUAL(options.pace, 2.5, 0);
    CU_ASSERT_EQUAL(options.override_count, 0);
    CU_ASSERT_EQUAL(parse("heatstream gen --pace 3 --pace max d"), STATUS_OK);
    CU_ASSERT_EQUAL(options.pace, 0);
    CU_ASSERT_EQUAL(parse("heatstream gen --pace maximum d"), STATUS_USAGE);
    CU_ASSERT_EQUAL(parse("heatstream gen --pace -1 d"), STATUS_USAGE);
    CU_ASSERT_EQUAL(parse("heatstream gen --pace nan d"), STATUS_USAGE);
}

static void other_commands_take_their_own_options_only(void)
{
    CU_ASSERT_EQUAL(parse("heatstream info --json out/a"), STATUS_OK);
    CU_ASSERT_TRUE(options.json);
    CU_ASSERT_EQUAL(parse("heatstream check --ranks 3 d"), STATUS_OK);
    CU_ASSERT_EQUAL(options.ranks, 3);
    CU_ASSERT_EQUAL(parse("heatstream generate deck.md"), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(options.path, "deck.md");
    CU_ASSERT_EQUAL(parse("heatstream info -D grid.nx=1 out/a"), STATUS_USAGE);
    CU_ASSERT_EQUAL(parse("heatstream check --until end d"), STATUS_USAGE);
    CU_ASSERT_EQUAL(parse("heatstream generate --json deck.md"), STATUS_USAGE);
}

static void a_recording_takes_a_file_a_beginning_and_an_end(void)
{
    CU_ASSERT_EQUAL(parse("heatstream record -b h:1 -t heat --out a/x.hsl --from -5 --until end "
                          "--time-limit 01:00:00 deck"),
                    STATUS_OK);
    CU_ASSERT_EQUAL(options.command, CLI_RECORD);
    CU_ASSERT_STRING_EQUAL(options.record_out, "a/x.hsl");
    CU_ASSERT_STRING_EQUAL(options.from, "-5");
    CU_ASSERT_EQUAL(options.until, CLI_UNTIL_END);
    CU_ASSERT_EQUAL(options.time_limit_s, 3600);
    CU_ASSERT_EQUAL(parse("heatstream record deck"), STATUS_OK);
    CU_ASSERT_PTR_NULL(options.record_out);
    CU_ASSERT_EQUAL(options.until, CLI_UNTIL_NONE);
    CU_ASSERT_EQUAL(parse("heatstream record --until 5 deck"), STATUS_USAGE);
    CU_ASSERT_STRING_EQUAL(err.text, "--until 5: must be `end`; see heatstream record -h");
    CU_ASSERT_EQUAL(parse("heatstream record --restart deck"), STATUS_USAGE);
}

static void every_command_of_the_help_stands_apart_from_its_operand(void)
{
    struct buffer text = {0};
    cli_help(CLI_NONE, &text);
    buffer_append(&text, "", 1);
    CU_ASSERT_PTR_NOT_NULL(strstr((char *)text.data, "  record  DECK "));
    CU_ASSERT_PTR_NOT_NULL(strstr((char *)text.data, "  run     DECK "));
    buffer_release(&text);
}

static void usage_errors_say_what_is_wrong_and_where_help_is(void)
{
    static const struct {
        const char *line, *text;
    } cases[] = {
        {"heatstream", "no command; see heatstream -h"},
        {"heatstream fly", "unknown command `fly`; see heatstream -h"},
        {"heatstream --frob", "unknown option --frob; see heatstream -h"},
        {"heatstream run", "run needs a DECK; see heatstream run -h"},
        {"heatstream run a b", "one argument too many: `b`; see heatstream run -h"},
        {"heatstream run -Z a", "unknown option -Z; see heatstream run -h"},
        {"heatstream run a -D", "-D needs a value; see heatstream run -h"},
        {"heatstream run a --until", "--until needs a value; see heatstream run -h"},
        {"heatstream run a -D grid.nx", "-D grid.nx: must be key=value; see heatstream run -h"},
        {"heatstream run a -X =5", "-X =5: must be property=value; see heatstream run -h"},
        {"heatstream run a --dry-run=1", "--dry-run=1 takes no value; see heatstream run -h"},
        {"heatstream check a --ranks 0",
         "--ranks 0: must be a number of ranks; see heatstream check -h"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CU_ASSERT_EQUAL(parse(cases[i].line), STATUS_USAGE);
        CU_ASSERT_STRING_EQUAL(err.text, cases[i].text);
    }
}

static void help_needs_no_deck_and_lists_every_option_of_the_command(void)
{
    struct buffer text = {0};
    CU_ASSERT_EQUAL(parse("heatstream run -h"), STATUS_OK);
    CU_ASSERT_TRUE(options.help);
    cli_help(options.command, &text);
    buffer_append(&text, "", 1);
    CU_ASSERT_PTR_NOT_NULL(strstr((char *)text.data, "Usage: heatstream run [OPTION]… DECK"));
    CU_ASSERT_PTR_NOT_NULL(strstr((char *)text.data, "--restart[=auto|latest|none|FILE]"));
    CU_ASSERT_PTR_NOT_NULL(strstr((char *)text.data, "75  stopped early"));
    CU_ASSERT_PTR_NULL(strstr((char *)text.data, "--pace"));
    CU_ASSERT_EQUAL(parse("heatstream --version"), STATUS_OK);
    CU_ASSERT_TRUE(options.version);
    buffer_release(&text);
}

static const char *write_properties(const char *contents)
{
    static char path[] = "/tmp/heatstream-test-XXXXXX";
    strcpy(path + strlen(path) - 6, "XXXXXX");
    int fd = mkstemp(path);
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(write(fd, contents, strlen(contents)), (ssize_t)strlen(contents));
    close(fd);
    return path;
}

static void a_kcat_file_becomes_properties(void)
{
    static const char *const expected[] = {"stream.brokers=a:1,b:2",
                                           "stream.rdkafka.sasl.password=x = y#",
                                           "stream.rdkafka.client.id="};
    char line[128];
    const char *path = write_properties("# mine\n\n metadata.broker.list = a:1,b:2\r\n"
                                        "sasl.password=x = y#\nclient.id=");
    snprintf(line, sizeof line, "heatstream run -F %s d", path);
    CU_ASSERT_EQUAL(parse(line), STATUS_OK);
    assert_overrides(expected, 3);
    unlink(path);
    CU_ASSERT_EQUAL(parse(line), STATUS_NO_INPUT);
}

static void a_bad_line_of_a_kcat_file_is_named(void)
{
    char line[128];
    const char *path = write_properties("a=b\nlinger\n");
    snprintf(line, sizeof line, "heatstream run -F %s d", path);
    CU_ASSERT_EQUAL(parse(line), STATUS_USAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, ":2: must be property=value"));
    unlink(path);
}

static void the_joined_command_line_hides_secrets(void)
{
    CU_ASSERT_EQUAL(parse("heatstream run -X sasl.password=p1 -Xssl.key.pem=p2 -D "
                          "stream.rdkafka.oauth.client.secret=p3 -Dstream.rdkafka={x:p4} -X "
                          "linger.ms=5 d"),
                    STATUS_OK);
    CU_ASSERT_STRING_EQUAL(options.command_line,
                           "heatstream run -X sasl.password=*** -Xssl.key.pem=*** -D "
                           "stream.rdkafka.oauth.client.secret=*** -Dstream.rdkafka=*** -X "
                           "linger.ms=5 d");
}

static void secrets_are_hidden_behind_any_option_letters(void)
{
    CU_ASSERT_EQUAL(parse("heatstream run -qXssl.key.pem=p1 -vDstream.rdkafka.sasl.password=p2 d"),
                    STATUS_OK);
    CU_ASSERT_STRING_EQUAL(options.command_line, "heatstream run -qXssl.key.pem=*** "
                                                 "-vDstream.rdkafka.sasl.password=*** d");
    CU_ASSERT_STRING_EQUAL(options.overrides[1], "stream.rdkafka.ssl.key.pem=p1");
    CU_ASSERT_STRING_EQUAL(options.overrides[3], "stream.rdkafka.sasl.password=p2");
}

static void a_secret_given_as_an_argument_is_overwritten_there(void)
{
    char words[][40] = {"heatstream", "run", "-X", "sasl.password=hunter2", "d"};
    char *argv[] = {words[0], words[1], words[2], words[3], words[4], NULL};
    cli_release(&options);
    CU_ASSERT_EQUAL(cli_parse(5, argv, &options, &err), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(words[3], "sasl.password=***");
    CU_ASSERT_EQUAL(words[3][17], '\0');
    CU_ASSERT_EQUAL(words[3][20], '\0');
    CU_ASSERT_STRING_EQUAL(options.exposed, "sasl.password=***");
    CU_ASSERT_STRING_EQUAL(options.overrides[0], "stream.rdkafka.sasl.password=hunter2");
    CU_ASSERT_EQUAL(parse("heatstream run -X client.id=x d"), STATUS_OK);
    CU_ASSERT_PTR_NULL(options.exposed);
}

static void only_the_first_rank_of_a_launcher_speaks(void)
{
    static const char *const variables[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK",
                                            "SLURM_PROCID"};
    for (int i = 0; i < 4; i++)
        unsetenv(variables[i]);
    CU_ASSERT_TRUE(cli_is_first_rank());
    for (int i = 3; i >= 0; i--) {
        setenv(variables[i], "2", 1);
        CU_ASSERT_FALSE(cli_is_first_rank());
        setenv(variables[i], "0", 1);
        CU_ASSERT_TRUE(cli_is_first_rank());
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(a_run_without_options_has_the_documented_defaults),
        UNIT_TEST(a_gap_is_accepted_by_a_run_only),
        UNIT_TEST(options_of_the_deck_become_overrides_in_order),
        UNIT_TEST(restart_takes_its_word_after_an_equals_sign),
        UNIT_TEST(until_is_an_end_a_count_or_an_instant),
        UNIT_TEST(time_limits_are_read_as_squeue_prints_them),
        UNIT_TEST(offsets_follow_the_grammar_of_kcat),
        UNIT_TEST(out_belongs_to_the_command_it_is_given_to),
        UNIT_TEST(other_commands_take_their_own_options_only),
        UNIT_TEST(a_recording_takes_a_file_a_beginning_and_an_end),
        UNIT_TEST(every_command_of_the_help_stands_apart_from_its_operand),
        UNIT_TEST(usage_errors_say_what_is_wrong_and_where_help_is),
        UNIT_TEST(help_needs_no_deck_and_lists_every_option_of_the_command),
        UNIT_TEST(a_kcat_file_becomes_properties),
        UNIT_TEST(a_bad_line_of_a_kcat_file_is_named),
        UNIT_TEST(the_joined_command_line_hides_secrets),
        UNIT_TEST(secrets_are_hidden_behind_any_option_letters),
        UNIT_TEST(a_secret_given_as_an_argument_is_overwritten_there),
        UNIT_TEST(only_the_first_rank_of_a_launcher_speaks),
    };
    int result = unit_run("cli_options", tests, UNIT_COUNT(tests));
    cli_release(&options);
    return result;
}
