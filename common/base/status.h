/* How a function says that it failed.
 *
 * Library code returns 0 or a negative status and leaves one line for people: what went wrong,
 * where, and what to do. The place that knows why says it once, with fail(); everybody above hands
 * the status up with TRY, and main prints the line. Nothing in common/ exits or prints an error. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

/* A status is minus the exit code of the program that ends with it. */
enum status {
    STATUS_OK = 0,
    STATUS_FAILED = -1,  /* missing, unreadable or foreign file, full disk, lost rank, ... */
    STATUS_USAGE = -2,   /* the command line is wrong */
    STATUS_TOO_BAD = -3, /* more bad input files than the user allows */
    STATUS_AGAIN = -75,  /* checkpointed; the same command goes on */
};

/* Keeps the formatted line for fail_message() (per thread, cut at 2047 bytes); returns status. */
int fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The line of the last fail() of this thread; "" if there was none. */
const char *fail_message(void);

/* Hands a failure up. In functions that hold something use TRY_OR with a label that frees it;
 * the enclosing function then has `int status` in scope. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        int try_status_ = (call);                                                                  \
        if (try_status_ < 0)                                                                       \
            return try_status_;                                                                    \
    } while (0)

#define TRY_OR(label, call)                                                                        \
    do {                                                                                           \
        status = (call);                                                                           \
        if (status < 0)                                                                            \
            goto label;                                                                            \
    } while (0)

#endif
