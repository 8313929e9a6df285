/* What a program says while it works. Results go to stdout, all of this to stderr; rank 0 speaks.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

/* Names the program in front of each line and silences info and warnings where speaks is 0. */
void log_open(const char *program, int speaks);

/* One line for people. A newline is added; newlines inside are shown as '?'. */
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The line that a run ends with when it fails; every rank may say one. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
