/* The vector instructions that numerical libraries will choose on this CPU: with others, results
 * differ in the last bits. */
#ifndef BASE_ISA_H
#define BASE_ISA_H

static inline const char *isa_name(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        return "x86-64 AVX-512";
    if (__builtin_cpu_supports("avx2"))
        return "x86-64 AVX2";
    return __builtin_cpu_supports("sse4.1") ? "x86-64 SSE4.1" : "x86-64";
#elif defined(__aarch64__)
    return "aarch64";
#else
    return "unknown";
#endif
}

#endif
