// The allocators that the linker's --wrap puts between ours and the C library's (see tests/meson.build): a
// test defines the __wrap_ ones, which call the __real_ ones.
#ifndef GR_TESTS_WRAPPED_H
#define GR_TESTS_WRAPPED_H

#include <stddef.h>

void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
void *__real_aligned_alloc(size_t, size_t);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t m);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t a, size_t n);

#endif
