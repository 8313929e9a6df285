/* SIGUSR1 and SIGTERM ask a training to save itself and leave. */
#ifndef TRAIN_INTERRUPT_H
#define TRAIN_INTERRUPT_H

/* From now on the two signals only set a flag. */
int interrupt_catch(void);

/* The signal that came first, or 0. */
int interrupt_pending(void);

#endif
