#include "run/machine.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/durable.h"
#include "machine_fixture.h"
#include "scratch.h"
#include "unit.h"

static struct scratch scratch;
static char path[PATH_MAX];

/* Where a test may write, made anew for each. */
static void begin(void)
{
    scratch = scratch_make();
    scratch_file(&scratch, "machine.json", path);
}

/* The saved text of the fixture, with a final 0. */
static void save_text(struct buffer *text)
{
    struct error err = {""};
    CU_ASSERT_EQUAL_FATAL(machine_save(path, &by_hand, &err), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(durable_read_file(path, text, &err), STATUS_OK);
    buffer_put_u8(text, '\0');
}

static enum status load_text(const char *text, size_t size, struct machine *machine)
{
    struct error err = {""};
    CU_ASSERT_EQUAL_FATAL(durable_write_file(path, text, size, 0644, &err), STATUS_OK);
    enum status status = machine_load(path, machine, &err);
    if (status != STATUS_OK)
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, path));
    return status;
}

/* Saved, loaded, saved: the same text, so every constant is there with all its bits. */
static void check_there_and_back(const struct machine *machine)
{
    struct machine loaded;
    struct buffer first = {0}, second = {0};
    struct error err = {""};
    CU_ASSERT_EQUAL_FATAL(machine_save(path, machine, &err), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(durable_read_file(path, &first, &err), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(machine_load(path, &loaded, &err), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(machine_save(path, &loaded, &err), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(durable_read_file(path, &second, &err), STATUS_OK);
    CU_ASSERT(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
    CU_ASSERT_EQUAL(loaded.step[1].alone_pass_s, machine->step[1].alone_pass_s);
    CU_ASSERT_EQUAL(loaded.network.message_s, machine->network.message_s);
    CU_ASSERT_EQUAL(loaded.base_bytes, machine->base_bytes);
    buffer_release(&first);
    buffer_release(&second);
}

static void what_was_saved_is_loaded_bit_for_bit(void)
{
    struct machine odd = by_hand;
    begin();
    check_there_and_back(&by_hand);
    odd.fsync_s = 1.0 / 3.0;
    odd.shared = odd.network = (struct machine_link){0};
    check_there_and_back(&odd);
    scratch_remove(&scratch);
}

static void a_file_cut_anywhere_is_refused_and_nothing_is_loaded(void)
{
    struct buffer text = {0};
    struct machine machine = {.cores = -7};
    begin();
    save_text(&text);
    const char *whole = (const char *)text.data;
    for (size_t size = 0; size + 3 < text.size; size += 7)
        CU_ASSERT_EQUAL(load_text(whole, size, &machine), STATUS_BAD_DATA);
    CU_ASSERT_EQUAL(machine.cores, -7);
    buffer_release(&text);
    scratch_remove(&scratch);
}

/* The text with the first `from` replaced. */
static enum status load_changed(const char *text, const char *from, const char *to)
{
    struct buffer changed = {0};
    struct machine machine;
    const char *at = strstr(text, from);
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    buffer_printf(&changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    enum status status = load_text((const char *)changed.data, changed.size, &machine);
    buffer_release(&changed);
    return status;
}

static void constants_that_cannot_be_are_refused(void)
{
    static const char *const changes[][2] = {
        {"machine/1", "machine/2"},
        {"\"cores\": 4", "\"cores\": 0"},
        {"\"cores\": 4", "\"cores\": \"4\""},
        {"\"cores\": 4", "\"cores\": 4, \"cores\": 4"},
        {"\"ranks\": 4", "\"ranks\": -1"},
        {"\"cells\": 100,", "\"cells\": 1000000,"}, /* sizes rise */
        {"\"cells\": 100,", "\"cells\": 0,"},
        {"\"single_s\": ", "\"single_s\": -"},
        {"\"pass_s\": ", "\"pass_s\": -"},
        {"\"latency_s\": ", "\"latency_s\": -"},
        {"\"latency_s\"", "\"latency\""},
        {"\"bytes_per_s\": ", "\"bytes_per_s\": -"},
        {"\"frame\"", "\"frames\""},
        {"\"fixed_s\": ", "\"fixed_s\": -"},
        {"\"base_bytes\": ", "\"base_bytes\": -"},
        {"\"shared\": {", "\"shared\": [{"},
    };
    struct buffer text = {0};
    begin();
    save_text(&text);
    const char *whole = (const char *)text.data;
    CU_ASSERT_EQUAL(load_changed(whole, "by-hand", "elsewhere"), STATUS_OK);
    for (int i = 0; i < UNIT_COUNT(changes); i++) {
        enum status status = load_changed(whole, changes[i][0], changes[i][1]);
        if (status != STATUS_BAD_DATA)
            fprintf(stderr, "%s was taken\n", changes[i][1]);
        CU_ASSERT_EQUAL(status, STATUS_BAD_DATA);
    }
    buffer_release(&text);
    scratch_remove(&scratch);
}

static void a_missing_file_is_no_input(void)
{
    struct machine machine;
    struct error err = {""};
    char missing[PATH_MAX];
    begin();
    scratch_file(&scratch, "missing", missing);
    CU_ASSERT_EQUAL(machine_load(missing, &machine, &err), STATUS_NO_INPUT);
    scratch_remove(&scratch);
}

static void the_default_is_in_the_cache_by_host_and_its_folder_is_made(void)
{
    struct buffer name = {0};
    struct error err = {""};
    struct machine machine;
    char cache[PATH_MAX];
    begin();
    scratch_file(&scratch, "cache", cache);
    setenv("XDG_CACHE_HOME", cache, 1);
    CU_ASSERT_EQUAL_FATAL(machine_path(NULL, &name, &err), STATUS_OK);
    CU_ASSERT_EQUAL(strncmp((const char *)name.data, cache, strlen(cache)), 0);
    CU_ASSERT_EQUAL(machine_save((const char *)name.data, &by_hand, &err), STATUS_OK);
    CU_ASSERT_EQUAL(machine_load((const char *)name.data, &machine, &err), STATUS_OK);
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    buffer_clear(&name);
    CU_ASSERT_EQUAL(machine_path(NULL, &name, &err), STATUS_CANNOT_CREATE);
    buffer_release(&name);
    scratch_remove(&scratch);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(what_was_saved_is_loaded_bit_for_bit),
        UNIT_TEST(a_file_cut_anywhere_is_refused_and_nothing_is_loaded),
        UNIT_TEST(constants_that_cannot_be_are_refused),
        UNIT_TEST(a_missing_file_is_no_input),
        UNIT_TEST(the_default_is_in_the_cache_by_host_and_its_folder_is_made),
    };
    return unit_run("machine", tests, UNIT_COUNT(tests));
}
