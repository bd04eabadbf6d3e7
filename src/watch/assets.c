#include "assets.h"

#include <string.h>

/* The assembler reads the files, from the folder in which make runs. */
#define EMBED(name, file)                                                                          \
    __asm__(".section .rodata\n"                                                                   \
            "asset_" #name "_start:\n"                                                             \
            ".incbin \"src/watch/page/" file "\"\n"                                                \
            "asset_" #name "_end:\n"                                                               \
            ".byte 0\n"                                                                            \
            ".previous\n");                                                                        \
    extern const char asset_##name##_start[], asset_##name##_end[]

EMBED(html, "page.html");
EMBED(css, "page.css");
EMBED(alerts, "alerts.js");
EMBED(api, "api.js");
EMBED(colours, "colours.js");
EMBED(compare, "compare.js");
EMBED(gauges, "gauges.js");
EMBED(maps, "maps.js");
EMBED(page, "page.js");
EMBED(plots, "plots.js");
EMBED(view, "view.js");
EMBED(openapi, "openapi.json");

#define SCRIPT(name)                                                                               \
    {                                                                                              \
        "/" #name ".js", "text/javascript; charset=utf-8", asset_##name##_start,                   \
            asset_##name##_end                                                                     \
    }

static const struct asset assets[] = {
    {"/", "text/html; charset=utf-8", asset_html_start, asset_html_end},
    {"/page.css", "text/css; charset=utf-8", asset_css_start, asset_css_end},
    SCRIPT(alerts),
    SCRIPT(api),
    SCRIPT(colours),
    SCRIPT(compare),
    SCRIPT(gauges),
    SCRIPT(maps),
    SCRIPT(page),
    SCRIPT(plots),
    SCRIPT(view),
    {"/api/openapi.json", "application/json", asset_openapi_start, asset_openapi_end},
};

const struct asset *asset_find(const char *path)
{
    for (size_t i = 0; i < sizeof assets / sizeof *assets; i++)
        if (strcmp(assets[i].path, path) == 0)
            return &assets[i];
    return NULL;
}
