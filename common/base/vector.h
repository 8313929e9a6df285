/* Loops over long arrays that the compiler should vectorise although the project is built with -O2
 * (gcc 12 then vectorises only what costs no extra code) and for the oldest x86-64.
 *
 * VECTOR_LOOP before a function asks for the vectoriser there. VECTOR_CLONES also compiles it a
 * second time for AVX2, and the dynamic linker takes the one that the processor can run.
 * Element-wise loops give the same bits in both: -std=c11 keeps the compiler from contracting
 * a * b + c, and sums are never reordered. VECTOR_FMA does let it contract, and its other versions
 * (x86-64-v3 and, with vectors of 16, v4) have the instruction: twice the speed, and bits that
 * depend on the processor's kind.
 */
#ifndef BASE_VECTOR_H
#define BASE_VECTOR_H

#if defined(__GNUC__) && !defined(__clang__)
#define VECTOR_LOOP __attribute__((optimize("O3")))
#else
#define VECTOR_LOOP
#endif

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define VECTOR_CLONES VECTOR_LOOP __attribute__((target_clones("avx2", "default")))
#define VECTOR_FMA                                                                                 \
    __attribute__((optimize("O3", "fp-contract=fast"),                                             \
                   target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VECTOR_CLONES VECTOR_LOOP
#define VECTOR_FMA    VECTOR_LOOP
#endif

#endif
