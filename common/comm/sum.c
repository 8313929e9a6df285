/* The sum of one slab over the ranks, with the same bits whatever the topology.
 *
 * MPI's own all-reduce may add in any order. Here each rank owns a slice of the slab:
 *
 *     rank 0  | a0 | a1 | a2 |        1. every rank sends slice k to rank k
 *     rank 1  | b0 | b1 | b2 |        2. rank k adds what it received in rank order: ak + bk + ck
 *     rank 2  | c0 | c1 | c2 |        3. the summed slices are gathered by all
 *
 * Two slabs of traffic per rank whatever the number of ranks, as in the best all-reduce. */
#include <stdlib.h>

#include "base/memory.h"
#include "base/slices.h"
#include "base/status.h"
#include "comm/comm_inside.h"

static int reserve_scratch(struct comm *comm, size_t bytes)
{
    if (bytes <= comm->scratch_bytes)
        return 0;
    free(comm->scratch);
    comm->scratch_bytes = 0;
    comm->scratch = memory_aligned(bytes, 1, "gradient sum");
    if (!comm->scratch)
        return STATUS_FAILED;
    comm->scratch_bytes = bytes;
    return 0;
}

static void add_floats(int64_t count, const void *from, void *to)
{
    const float *x = from;
    float *sum = to;
    for (int64_t i = 0; i < count; i++)
        sum[i] += x[i];
}

static void add_doubles(int64_t count, const void *from, void *to)
{
    const double *x = from;
    double *sum = to;
    for (int64_t i = 0; i < count; i++)
        sum[i] += x[i];
}

static int sum_slab(struct comm *comm, int64_t count, char *values, MPI_Datatype type,
                    size_t value_bytes, void (*add)(int64_t, const void *, void *))
{
    int size = comm->size, rank = comm->rank;
    if (size == 1)
        return 0;
    int64_t mine = slice_count(count, size, rank);
    /* Four int tables, then the parts of my slice: rank r's at parts + r * mine. */
    size_t tables_bytes = ((size_t)size * 4 * sizeof(int) + 63) / 64 * 64;
    TRY(reserve_scratch(comm, tables_bytes + (size_t)size * (size_t)mine * value_bytes));
    int *counts = comm->scratch, *offsets = counts + size;
    int *part_counts = counts + 2 * size, *part_offsets = counts + 3 * size;
    char *parts = (char *)comm->scratch + tables_bytes;
    for (int r = 0; r < size; r++) {
        counts[r] = (int)slice_count(count, size, r);
        offsets[r] = (int)slice_begin(count, size, r);
        part_counts[r] = (int)mine;
        part_offsets[r] = (int)(r * mine);
    }
    MPI_Request request;
    TRY_MPI(MPI_Ialltoallv(values, counts, offsets, type, parts, part_counts, part_offsets, type,
                           comm->world, &request));
    TRY(comm_wait(comm, &request, "the sum over the ranks"));

    size_t part_bytes = (size_t)mine * value_bytes;
    for (int r = 1; r < size; r++)
        add(mine, parts + (size_t)r * part_bytes, parts);

    TRY_MPI(MPI_Iallgatherv(parts, (int)mine, type, values, counts, offsets, type, comm->world,
                            &request));
    return comm_wait(comm, &request, "the sum over the ranks");
}

int comm_sum(struct comm *comm, int64_t count, float *values)
{
    return sum_slab(comm, count, (char *)values, MPI_FLOAT, sizeof *values, add_floats);
}

int comm_sum_double(struct comm *comm, int64_t count, double *values)
{
    return sum_slab(comm, count, (char *)values, MPI_DOUBLE, sizeof *values, add_doubles);
}
