#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char last_message[2048];

int fail(int status, const char *format, ...)
{
    /* The arguments may point into last_message (a line that is being wrapped): format aside. */
    char line[sizeof last_message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    snprintf(last_message, sizeof last_message, "%s", line);
    return status;
}

const char *fail_message(void)
{
    return last_message;
}
