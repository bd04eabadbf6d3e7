#include "deck/reference.h"

#include <stdio.h>

#include "cli/cli.h"

enum status command_reference(const struct cli_options *options, struct error *err)
{
    struct buffer text = {0};
    if (options->schema)
        deck_reference_schema(&text);
    else
        deck_reference_markdown(&text);
    bool good = fwrite(text.data, 1, text.size, stdout) == text.size && fflush(stdout) == 0;
    buffer_release(&text);
    return good ? STATUS_OK : error_set(err, STATUS_IO, "writing to standard output failed");
}
