/* Who may ask the page: programs and pages of this machine that call it by its name, and holders of
 * the token; nobody else, whatever they send. */
#include "watch/guard.h"

#include <string.h>

#include "unit.h"

static const struct guard loopback = {NULL};
static const struct guard elsewhere = {"0123456789abcdef"};

static struct guard_request local(const char *path)
{
    return (struct guard_request){.method = "GET", .path = path, .host = "127.0.0.1:8080"};
}

static void programs_of_this_machine_may_ask_for_anything(void)
{
    const char *const hosts[] = {"localhost",   "localhost:80", "LOCALHOST:8080", "127.0.0.1",
                                 "127.9.8.7:1", "[::1]:8080",   "[::1]"};
    struct guard_request request = local("/api/state");
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        request.host = hosts[i];
        CU_ASSERT_EQUAL(guard_judge(&loopback, &request), GUARD_PASS);
    }
    request.method = "HEAD";
    CU_ASSERT_EQUAL(guard_judge(&loopback, &request), GUARD_PASS);
}

static void names_that_were_bent_to_this_machine_are_refused(void)
{
    const char *const hosts[] = {"evil.example",
                                 "evil.example:8080",
                                 "127.0.0.1.evil.example",
                                 "localhost.evil.example:80",
                                 "",
                                 ":8080",
                                 "[::1",
                                 "127.0.0.1:8080:1",
                                 "128.0.0.1",
                                 "0.0.0.0:8080",
                                 "[::2]:80",
                                 "localhost:99999999999",
                                 "127.0.0.1@evil.example"};
    struct guard_request request = local("/");
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        request.host = hosts[i];
        CU_ASSERT_EQUAL(guard_judge(&loopback, &request), GUARD_BAD_HOST);
    }
    request.host = NULL;
    CU_ASSERT_EQUAL(guard_judge(&loopback, &request), GUARD_BAD_HOST);
}

static void nothing_but_reading_is_possible(void)
{
    const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get", "", "GETS"};
    struct guard_request request = local("/");
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        request.method = methods[i];
        CU_ASSERT_EQUAL(guard_judge(&loopback, &request), GUARD_BAD_METHOD);
    }
}

static void pages_of_other_sites_get_nothing(void)
{
    struct guard_request request = local("/api/state");
    request.origin = "http://evil.example";
    CU_ASSERT_EQUAL(guard_judge(&loopback, &request), GUARD_FOREIGN);
    request.origin = "null";
    CU_ASSERT_EQUAL(guard_judge(&loopback, &request), GUARD_FOREIGN);
    request.origin = "http://127.0.0.1:9999";
    CU_ASSERT_EQUAL(guard_judge(&loopback, &request), GUARD_FOREIGN);
    request.origin = "http://127.0.0.1:8080";
    CU_ASSERT_EQUAL(guard_judge(&loopback, &request), GUARD_PASS);
    request.origin = NULL;
    request.fetch_site = "cross-site";
    CU_ASSERT_EQUAL(guard_judge(&loopback, &request), GUARD_FOREIGN);
    request.fetch_site = "same-site";
    CU_ASSERT_EQUAL(guard_judge(&loopback, &request), GUARD_FOREIGN);
    request.fetch_site = "same-origin";
    CU_ASSERT_EQUAL(guard_judge(&loopback, &request), GUARD_PASS);
    request.path = "/"; /* a link that somebody follows */
    request.fetch_site = "cross-site";
    CU_ASSERT_EQUAL(guard_judge(&loopback, &request), GUARD_PASS);
}

static void a_page_elsewhere_wants_the_whole_token(void)
{
    const char *const wrong[] = {"",
                                 "0",
                                 "0123456789abcde",
                                 "0123456789abcdeF",
                                 "0123456789abcdef0",
                                 "0123456789abcdef0123456789abcdef"};
    struct guard_request request = local("/");
    request.host = "host.example:8080";
    CU_ASSERT_EQUAL(guard_judge(&elsewhere, &request), GUARD_NO_TOKEN);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char bearer[64], cookie[64];
        snprintf(bearer, sizeof bearer, "Bearer %s", wrong[i]);
        snprintf(cookie, sizeof cookie, "a=b; heatstream=%s", wrong[i]);
        request.authorization = bearer;
        request.cookie = cookie;
        request.token = wrong[i];
        CU_ASSERT_EQUAL(guard_judge(&elsewhere, &request), GUARD_NO_TOKEN);
    }
}

static void the_token_may_come_in_three_ways(void)
{
    struct guard_request request = local("/api/run");
    request.authorization = "bearer 0123456789abcdef";
    CU_ASSERT_EQUAL(guard_judge(&elsewhere, &request), GUARD_PASS);
    request.authorization = NULL;
    request.cookie = "other=1; heatstream=0123456789abcdef";
    CU_ASSERT_EQUAL(guard_judge(&elsewhere, &request), GUARD_PASS);
    request.cookie = "heatstream=x; heatstream=0123456789abcdef; more";
    CU_ASSERT_EQUAL(guard_judge(&elsewhere, &request), GUARD_PASS);
    request.cookie = "xheatstream=0123456789abcdef";
    CU_ASSERT_EQUAL(guard_judge(&elsewhere, &request), GUARD_NO_TOKEN);
    request.cookie = NULL;
    request.token = "0123456789abcdef";
    CU_ASSERT_EQUAL(guard_judge(&elsewhere, &request), GUARD_NO_TOKEN);
    request.path = "/";
    CU_ASSERT_EQUAL(guard_judge(&elsewhere, &request), GUARD_SET_COOKIE);
}

static void whether_somebody_is_there_is_no_secret(void)
{
    struct guard_request request = local("/healthz");
    request.host = "host.example";
    CU_ASSERT_EQUAL(guard_judge(&elsewhere, &request), GUARD_PASS);
    request.method = "POST";
    CU_ASSERT_EQUAL(guard_judge(&elsewhere, &request), GUARD_BAD_METHOD);
}

static void addresses_are_split_or_refused(void)
{
    char host[16];
    int port;
    CU_ASSERT(guard_split_address("127.0.0.1:0", host, sizeof host, &port));
    CU_ASSERT_STRING_EQUAL(host, "127.0.0.1");
    CU_ASSERT_EQUAL(port, 0);
    CU_ASSERT(guard_split_address("[fe80::1]:65535", host, sizeof host, &port));
    CU_ASSERT_STRING_EQUAL(host, "fe80::1");
    CU_ASSERT_EQUAL(port, 65535);
    const char *const wrong[] = {
        "",     ":1", "a:",       "a:65536",           "a:1x", "::1:80", "[]:1", "a:-1", "a: 1",
        "[a:1", "a",  "a:123456", "abcdefghijklmnop:1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CU_ASSERT_FALSE(guard_split_address(wrong[i], host, sizeof host, &port));
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(programs_of_this_machine_may_ask_for_anything),
        UNIT_TEST(names_that_were_bent_to_this_machine_are_refused),
        UNIT_TEST(nothing_but_reading_is_possible),
        UNIT_TEST(pages_of_other_sites_get_nothing),
        UNIT_TEST(a_page_elsewhere_wants_the_whole_token),
        UNIT_TEST(the_token_may_come_in_three_ways),
        UNIT_TEST(whether_somebody_is_there_is_no_secret),
        UNIT_TEST(addresses_are_split_or_refused),
    };
    return unit_run("guard", tests, UNIT_COUNT(tests));
}
