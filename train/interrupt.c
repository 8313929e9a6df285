#include "train/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/status.h"

/* A handler can reach nothing but file scope. */
static volatile sig_atomic_t pending;

static void remember(int signal_number)
{
    if (!pending)
        pending = signal_number;
}

int interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = remember, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGUSR1, &action, NULL) < 0 || sigaction(SIGTERM, &action, NULL) < 0)
        return fail(STATUS_FAILED, "cannot catch signals: %s", strerror(errno));
    return 0;
}

int interrupt_pending(void)
{
    return pending;
}
