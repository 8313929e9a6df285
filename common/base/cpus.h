/* How many CPUs this process may use, and the trap that a launcher sets. */
#ifndef BASE_CPUS_H
#define BASE_CPUS_H

/* Plain `mpirun -n 1` and `-n 2` bind a rank to ONE core, so that several threads of it would share
 * that core. Gives the number of threads a rank should run (wanted, or when wanted is 0 the CPUs
 * that the system grants / local_ranks, at least 1) and, when the binding is narrower than that,
 * widens it to all CPUs granted. *widened_from: the CPUs of the old binding, 0 when nothing had to
 * change. */
int cpus_claim(int wanted, int local_ranks, int *threads, int *widened_from);

#endif
