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
EMBED(js, "page.js");
EMBED(view, "view.js");
EMBED(colours, "colours.js");
EMBED(plots, "plots.js");
EMBED(alerts, "alerts.js");
EMBED(compare, "compare.js");
EMBED(gauges, "gauges.js");
EMBED(openapi, "openapi.json");

static const struct asset assets[] = {
    {"/", "text/html; charset=utf-8", asset_html_start, asset_html_end},
    {"/page.css", "text/css; charset=utf-8", asset_css_start, asset_css_end},
    {"/page.js", "text/javascript; charset=utf-8", asset_js_start, asset_js_end},
    {"/view.js", "text/javascript; charset=utf-8", asset_view_start, asset_view_end},
    {"/colours.js", "text/javascript; charset=utf-8", asset_colours_start, asset_colours_end},
    {"/plots.js", "text/javascript; charset=utf-8", asset_plots_start, asset_plots_end},
    {"/alerts.js", "text/javascript; charset=utf-8", asset_alerts_start, asset_alerts_end},
    {"/compare.js", "text/javascript; charset=utf-8", asset_compare_start, asset_compare_end},
    {"/gauges.js", "text/javascript; charset=utf-8", asset_gauges_start, asset_gauges_end},
    {"/api/openapi.json", "application/json", asset_openapi_start, asset_openapi_end},
};

const struct asset *asset_find(const char *path)
{
    for (size_t i = 0; i < sizeof assets / sizeof *assets; i++)
        if (strcmp(assets[i].path, path) == 0)
            return &assets[i];
    return NULL;
}
