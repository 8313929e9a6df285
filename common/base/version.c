#include "base/version.h"

const char *version_number(void)
{
    return UNMASK_VERSION;
}

const char *version_revision(void)
{
    return UNMASK_REVISION;
}

const char *version_compiler(void)
{
#ifdef __clang__
    return __VERSION__ " " UNMASK_CFLAGS;
#else
    return "gcc " __VERSION__ " " UNMASK_CFLAGS;
#endif
}
