/* Random numbers that are the same on every machine and for any number of ranks and threads.
 *
 * Two needs, one mixer (splitmix64, Steele, Lea and Flood 2014): a hash that puts names in a seeded
 * order, and a stream whose k-th value can be had without the ones before it. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stdint.h>

/* The splitmix64 finaliser: a bijection of 64-bit words in which every input bit counts. */
static inline uint64_t random_mix(uint64_t x)
{
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Value number k of the stream `seed`. */
static inline uint64_t random_at(uint64_t seed, uint64_t k)
{
    return random_mix(random_mix(seed) + (k + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

/* A seeded hash of a name (FNV-1a, then mixed). */
static inline uint64_t random_hash(uint64_t seed, const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ random_mix(seed + 1);
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
    return random_mix(hash);
}

/* 24 random bits as a float in [0, 1). */
static inline float random_unit(uint64_t word)
{
    return (float)(word >> 40) * 0x1p-24f;
}

/* A value below `bound` (> 0) from a random word: the high half of a 64x64-bit product. The bias is
 * below bound / 2^64. */
static inline uint64_t random_below(uint64_t word, uint64_t bound)
{
    return (uint64_t)(((unsigned __int128)word * bound) >> 64);
}

#endif
