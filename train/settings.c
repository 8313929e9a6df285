#include "train/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"

int settings_checkpoint_every(struct settings *settings)
{
    const char *text = settings->checkpoint_every;
    char *end;
    double value = strtod(text, &end);
    int seconds = strcmp(end, "s") == 0;
    if (end == text || (*end && !seconds) || !(value > 0 && value <= 1e9) ||
        (!seconds && value != (int)value))
        return fail(STATUS_USAGE,
                    "--checkpoint-every %s: must be a number of epochs, or of seconds (30s)", text);
    settings->checkpoint_epochs = seconds ? 0 : (int)value;
    settings->checkpoint_s = seconds ? value : 0;
    return 0;
}
