/* Where this binary comes from; the texts are made by the Makefile. */
#ifndef HEATSTREAM_BASE_BUILD_ID_H
#define HEATSTREAM_BASE_BUILD_ID_H

const char *build_version(void);
const char *build_git_id(
    void); /* short commit id, "-dirty" when the tree had changes, or "unknown" */
const char *build_date(void); /* of the commit: "May 1, 2026" */
const char *build_compiler(void);
const char *build_flags(void);

#endif
