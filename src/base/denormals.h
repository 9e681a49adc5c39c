// Numbers below the normal range (1e-38 in float32) cost ten times the work of others in roots and divisions,
// and training makes many: what an optimizer remembers of a unit that no longer learns fades into them. While
// a network learns they count as 0; elsewhere they are kept, as IEEE 754 has them.
#ifndef GR_BASE_DENORMALS_H
#define GR_BASE_DENORMALS_H

#include <stdint.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Of the calling thread, until gr_denormals_restore with what this returned.
static inline uint64_t gr_denormals_flush(void) {
#if defined(__x86_64__)
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040);  // results to zero, operands as zero
  return before;
#elif defined(__aarch64__)
  uint64_t before;
  __asm__ volatile("mrs %0, fpcr" : "=r"(before));
  __asm__ volatile("msr fpcr, %0" : : "r"(before | UINT64_C(1) << 24));
  return before;
#else
  return 0;
#endif
}

static inline void gr_denormals_restore(uint64_t before) {
#if defined(__x86_64__)
  _mm_setcsr((unsigned)before);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"(before));
#else
  (void)before;
#endif
}

#endif
