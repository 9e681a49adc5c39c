// For tests of kernels: random numbers, and a run for every instruction set of this processor.
#ifndef GR_TESTS_EVERY_ISA_H
#define GR_TESTS_EVERY_ISA_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/table.h"

static uint64_t random_state = 1;

// SplitMix64 (Steele, Lea, Flood 2014).
static inline uint64_t random_bits(void) {
  uint64_t z = random_state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

static inline double uniform(double low, double high) {
  return low + (high - low) * ((double)(random_bits() >> 11) * 0x1p-53);
}
static inline int below(int n) { return (int)(random_bits() % (unsigned)n); }

// The choice of an instruction set is made before main, so that the program runs once for each, in processes.
// -1 in the process that shall run the tests, otherwise the exit code.
static inline int run_for_each_isa(char **argv) {
  static const char *const isas[] = {"baseline", "avx2", "avx512"};
  if (getenv("GRADUS_ISA")) {
    bool have = !strcmp(getenv("GRADUS_ISA"), gr_kernels()->isa);
    printf("# %s%s\n", getenv("GRADUS_ISA"), have ? "" : ": not on this processor");
    return have ? -1 : 0;
  }
  int failed = 0;
  for (size_t i = 0; i < sizeof isas / sizeof isas[0]; i++) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
      setenv("GRADUS_ISA", isas[i], 1);
      execv("/proc/self/exe", argv);
      _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0 || status) failed = 1;
  }
  return failed;
}

#endif
