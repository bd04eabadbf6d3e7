#include <sys/stat.h>

#include "deck_fixture.h"

static void secrets_are_loaded_but_never_printed(void)
{
    setenv("DECK_TEST_SECRET", "hunter2", 1);
    struct deck *deck = fixture_good("stream: {rdkafka: {sasl.password: \"${DECK_TEST_SECRET}\", "
                                     "sasl.oauthbearer.client.secret: hunter2, ssl.key.pem: "
                                     "hunter2, sasl.username: me}}",
                                     "stream.rdkafka.ssl.keystore.password=hunter2");
    CU_ASSERT_STRING_EQUAL(deck->stream.rdkafka.items[1], "hunter2");
    char *text = fixture_print(deck);
    CU_ASSERT_PTR_NULL(strstr(text, "hunter2"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "sasl.password: \"***\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "sasl.username: me"));
    free(text);
    deck_destroy(deck);
    unsetenv("DECK_TEST_SECRET");
}

static void a_misspelt_name_of_a_secret_hides_it_too(void)
{
    CU_ASSERT_TRUE(deck_name_is_secret("sasl.passwrd"));
    CU_ASSERT_TRUE(deck_name_is_secret("ssl.key.password"));
    CU_ASSERT_TRUE(deck_name_is_secret("sasl.oauthbearer.client.secret"));
    CU_ASSERT_TRUE(deck_name_is_secret("sasl.oauthbearer.assertion.private.key.pem"));
    CU_ASSERT_FALSE(deck_name_is_secret("sasl.username"));
    CU_ASSERT_FALSE(deck_name_is_secret("ssl.ca.location"));
}

static void a_value_that_is_a_secret_is_hidden_whatever_its_name(void)
{
    static const char *const secret[] = {
        "-----BEGIN RSA PRIVATE KEY-----\nhunter2", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
        "https://me:hunter2@idp.example/token?x=1", "a,http://hunter2@proxy:3128",
        "https://idp.example/a://me:hunter2@b",
    };
    static const char *const open[] = {
        "-----BEGIN CERTIFICATE-----\n",
        "https://idp.example/token?mail=me@example",
        "https://idp.example/@me",
        "me@example",
        "http://a,me@b",
        "",
    };
    for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
        CU_ASSERT_TRUE(deck_value_is_secret(secret[i]));
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        CU_ASSERT_FALSE(deck_value_is_secret(open[i]));
    struct deck *deck =
        fixture_good("stream: {rdkafka: {some.url: \"https://me:hunter2@idp/\"}}", NULL);
    char *text = fixture_print(deck);
    CU_ASSERT_PTR_NULL(strstr(text, "hunter2"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "some.url: \"***\""));
    free(text);
    deck_destroy(deck);
}

/* A file beside the deck, gone when the test is over. */
static void write_beside(const char *name, const char *contents, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", fixture_directory, name);
    FILE *file = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(contents, 1, size, file), size);
    CU_ASSERT_EQUAL(fclose(file), 0);
    CU_ASSERT_EQUAL(chmod(path, 0600), 0);
}

static void remove_beside(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", fixture_directory, name);
    unlink(path);
}

static const char of_file[] = "stream: {rdkafka: {sasl.password: \"${file:secret}\"}}";

static void a_secret_may_lie_in_a_file_beside_the_deck(void)
{
    static const char *const contents[] = {"hunter2", "hunter2\n", "hunter2\r\n"};
    for (int i = 0; i < 3; i++) {
        write_beside("secret", contents[i], strlen(contents[i]));
        struct deck *deck = fixture_good(of_file, NULL);
        CU_ASSERT_STRING_EQUAL(deck->stream.rdkafka.items[1], "hunter2");
        deck_destroy(deck);
    }
    write_beside("secret", " hun\nter2 ${HOME} ", 18);
    struct deck *deck = fixture_good(of_file, NULL);
    CU_ASSERT_STRING_EQUAL(deck->stream.rdkafka.items[1], " hun\nter2 ${HOME} ");
    deck_destroy(deck);
    remove_beside("secret");
}

static void expect_refusal(const char *yaml, const char *words)
{
    CU_ASSERT_PTR_NULL(fixture_load(yaml, NULL));
    CU_ASSERT_PTR_NOT_NULL(strstr(fixture_error.text, words));
    CU_ASSERT_PTR_NULL(strstr(fixture_error.text, "hunter2"));
}

static void a_file_that_holds_no_secret_is_refused(void)
{
    static char large[70000];
    memset(large, 'x', sizeof large);
    expect_refusal(of_file, "No such file");
    write_beside("secret", "\n\n", 2);
    expect_refusal(of_file, "is empty");
    write_beside("secret", "hunter2\0more", 12);
    expect_refusal(of_file, "NUL");
    write_beside("secret", large, sizeof large);
    expect_refusal(of_file, "more than 65536 bytes");
    write_beside("secret", "hunter2\xff", 8);
    expect_refusal(of_file, "UTF-8");
    remove_beside("secret");
    expect_refusal("stream: {rdkafka: {sasl.password: \"${file:}\"}}", "without a path");
    expect_refusal("stream: {rdkafka: {sasl.password: \"${file:/x\"}}", "without a path");
}

/* Or a deck from elsewhere could have any file of the user's stored in its outputs. */
static void files_are_read_into_values_that_are_never_shown_only(void)
{
    write_beside("secret", "hunter2", 7);
    expect_refusal("run: {title: \"${file:secret}\"}", "${");
    expect_refusal("stream: {rdkafka: {client.id: \"${file:secret}\"}}", "${");
    remove_beside("secret");
}

static void a_deck_file_does_not_make_anyone_run_a_program(void)
{
    static const char *const loads[] = {
        "plugin.library.paths: /tmp/x.so",     "ssl.engine.location: /tmp/x.so",
        "ssl.providers: ../../tmp/x",          "sasl.kerberos.kinit.cmd: reboot",
        "ut_handle_ProduceResponse: x",        "sasl.kerberos.principal: $(reboot)",
        "sasl.kerberos.keytab: \"/x\\\"; y\"",
    };
    char yaml[256], override[256];
    for (size_t i = 0; i < sizeof loads / sizeof *loads; i++) {
        snprintf(yaml, sizeof yaml, "stream: {rdkafka: {%s}}", loads[i]);
        expect_refusal(yaml, "not taken from a deck file");
    }
    expect_refusal("stream: {oauth_token_command: reboot}", "not taken from a deck file");
    deck_destroy(fixture_good("stream: {rdkafka: {sasl.kerberos.principal: heat/a.b@C.D}}", NULL));
    for (size_t i = 0; i < 4; i++) {
        const char *colon = strchr(loads[i], ':');
        snprintf(override, sizeof override, "stream.rdkafka.%.*s=%s", (int)(colon - loads[i]),
                 loads[i], colon + 2);
        deck_destroy(fixture_good("", override));
    }
}

static void the_command_for_tokens_is_taken_from_the_command_line_and_never_printed(void)
{
    struct deck *deck = fixture_good("", "stream.oauth_token_command=give hunter2");
    CU_ASSERT_STRING_EQUAL(deck->stream.oauth_token_command, "give hunter2");
    char *text = fixture_print(deck);
    CU_ASSERT_PTR_NULL(strstr(text, "hunter2"));
    deck_destroy(fixture_good(text, NULL));
    free(text);
    deck_destroy(deck);
}

static void names_do_not_lead_out_of_their_directory(void)
{
    static const char *const bad[] = {"../x", "/etc/x", "a/b", "..", "."};
    static const char *const keys[] = {"stream: {topic", "run: {id", "stream: {dead_letter_topic",
                                       "output: {temp_topic"};
    char yaml[512];
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            snprintf(yaml, sizeof yaml, "%s: \"%s\"}", keys[k], bad[i]);
            CU_ASSERT_PTR_NULL(fixture_load(yaml, NULL));
        }
        snprintf(yaml, sizeof yaml, "%s: \"a\\0b\"}", keys[k]);
        CU_ASSERT_PTR_NULL(fixture_load(yaml, NULL));
        snprintf(yaml, sizeof yaml, "%s: \"%0300d\"}", keys[k], 0);
        CU_ASSERT_PTR_NULL(fixture_load(yaml, NULL));
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(secrets_are_loaded_but_never_printed),
        UNIT_TEST(a_misspelt_name_of_a_secret_hides_it_too),
        UNIT_TEST(a_value_that_is_a_secret_is_hidden_whatever_its_name),
        UNIT_TEST(a_secret_may_lie_in_a_file_beside_the_deck),
        UNIT_TEST(a_file_that_holds_no_secret_is_refused),
        UNIT_TEST(files_are_read_into_values_that_are_never_shown_only),
        UNIT_TEST(a_deck_file_does_not_make_anyone_run_a_program),
        UNIT_TEST(the_command_for_tokens_is_taken_from_the_command_line_and_never_printed),
        UNIT_TEST(names_do_not_lead_out_of_their_directory),
    };
    if (!fixture_begin())
        return EXIT_FAILURE;
    int result = unit_run("deck_secrets", tests, UNIT_COUNT(tests));
    fixture_end();
    return result;
}
