/* The most multiply-adds a second that a core does on registers alone: float32 (FMA), bfloat16 (VDPBF16PS), and
   bfloat16 tiles (AMX). Usage: peak SECONDS; prints "name GFLOP/s" for what the compiler was told the processor
   has (-march=native). One thread: start one process for each core. */
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CHAINS 16 /* independent sums: more than latency times the operations begun in a cycle */
#define ROUNDS 100000

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static volatile float sink;

#ifdef __AVX512F__
static double fma32(double seconds) {
    __m512 sum[CHAINS], a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(1e-3f);
    for (int i = 0; i < CHAINS; i++) sum[i] = _mm512_set1_ps((float)i);
    double begin = now(), rounds = 0;
    while (now() - begin < seconds) {
        for (int r = 0; r < ROUNDS; r++)
#pragma GCC unroll 16
            for (int i = 0; i < CHAINS; i++) sum[i] = _mm512_fmadd_ps(sum[i], a, b);
        rounds += ROUNDS;
    }
    double spent = now() - begin;
    for (int i = 0; i < CHAINS; i++) sink += _mm512_reduce_add_ps(sum[i]);
    return rounds * CHAINS * 32 / spent;
}
#endif

#ifdef __AVX512BF16__
static double dpbf16(double seconds) {
    __m512 sum[CHAINS];
    __m512bh a = (__m512bh)_mm512_set1_epi16(0x3f80), b = (__m512bh)_mm512_set1_epi16(0x3a83);
    for (int i = 0; i < CHAINS; i++) sum[i] = _mm512_set1_ps((float)i);
    double begin = now(), rounds = 0;
    while (now() - begin < seconds) {
        for (int r = 0; r < ROUNDS; r++)
#pragma GCC unroll 16
            for (int i = 0; i < CHAINS; i++) {
                sum[i] = _mm512_dpbf16_ps(sum[i], a, b);
                __asm__ volatile("" : "+v"(sum[i]));
            }
        rounds += ROUNDS;
    }
    double spent = now() - begin;
    for (int i = 0; i < CHAINS; i++) sink += _mm512_reduce_add_ps(sum[i]);
    return rounds * CHAINS * 64 / spent;
}
#endif

#ifdef __AMX_BF16__
static double amx(double seconds) {
    struct {
        unsigned char palette, start, reserved[14];
        unsigned short bytes[16];
        unsigned char rows[16];
    } config;
    static unsigned short block[16 * 32];
    if (syscall(SYS_arch_prctl, 0x1023, 18)) return 0; /* ask the system for the tiles' state */
    memset(&config, 0, sizeof config);
    config.palette = 1;
    for (int i = 0; i < 8; i++) config.bytes[i] = 64, config.rows[i] = 16;
    _tile_loadconfig(&config);
    _tile_zero(0); _tile_zero(1); _tile_zero(2); _tile_zero(3);
    _tile_loadd(4, block, 64); _tile_loadd(5, block, 64); _tile_loadd(6, block, 64); _tile_loadd(7, block, 64);
    double begin = now(), rounds = 0;
    while (now() - begin < seconds) {
        for (int r = 0; r < ROUNDS / 10; r++) {
            _tile_dpbf16ps(0, 4, 6); _tile_dpbf16ps(1, 4, 7); _tile_dpbf16ps(2, 5, 6); _tile_dpbf16ps(3, 5, 7);
        }
        rounds += ROUNDS / 10;
    }
    double spent = now() - begin;
    _tile_release();
    return rounds * 4 * 2 * 16 * 16 * 32 / spent;
}
#endif

int main(int count, char **arguments) {
    double seconds = count > 1 ? atof(arguments[1]) : 1.0;
    (void)seconds;
#ifdef __AVX512F__
    printf("float32-fma %.1f\n", fma32(seconds) / 1e9);
#endif
#ifdef __AVX512BF16__
    printf("vdpbf16ps %.1f\n", dpbf16(seconds) / 1e9);
#endif
#ifdef __AMX_BF16__
    printf("amx-bf16 %.1f\n", amx(seconds) / 1e9);
#endif
    return 0;
}
