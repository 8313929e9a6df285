#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

static const char *log_program = "unmask";
static int log_speaks = 1;

void log_open(const char *program, int speaks)
{
    log_program = program;
    log_speaks = speaks;
}

/* One fputs per line, so that the lines of several ranks do not mix within one. File names may hold
 * newlines and other control characters: they must not forge lines of ours. */
static void say(const char *label, const char *format, va_list arguments)
{
    char line[8192];
    int used = snprintf(line, sizeof line, "%s: %s", log_program, label);
    int more = vsnprintf(line + used, sizeof line - (size_t)used - 1, format, arguments);
    int room = (int)sizeof line - used - 2;
    int end = used + (more < room ? more : room);
    for (int i = 0; i < end; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 127)
            line[i] = '?';
    line[end] = '\n';
    line[end + 1] = '\0';
    fputs(line, stderr);
}

#define SAY(label)                                                                                 \
    do {                                                                                           \
        va_list arguments;                                                                         \
        va_start(arguments, format);                                                               \
        say(label, format, arguments);                                                             \
        va_end(arguments);                                                                         \
    } while (0)

void log_info(const char *format, ...)
{
    if (log_speaks)
        SAY("");
}

void log_warn(const char *format, ...)
{
    if (log_speaks)
        SAY("warning: ");
}

void log_error(const char *format, ...)
{
    SAY("");
}
