#include "deck/timestamp.h"

#include <string.h>

#include "base/instant.h"

bool timestamp_parse(const char *text, int64_t *time_ms)
{
    return instant_parse(text, strlen(text), time_ms);
}
