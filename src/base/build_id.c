#include "base/build_id.h"

#include "build_info.h"

const char *build_version(void)
{
    return HEATSTREAM_VERSION;
}

const char *build_git_id(void)
{
    return HEATSTREAM_GIT_ID;
}

const char *build_date(void)
{
    return HEATSTREAM_DATE;
}

const char *build_compiler(void)
{
    return HEATSTREAM_COMPILER;
}

const char *build_flags(void)
{
    return HEATSTREAM_FLAGS;
}
