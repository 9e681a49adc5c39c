#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Below this a request is not worth reading /proc for: the kernel will find it or the process is lost anyway.
#define CHECKED_FROM (64u << 20)

static size_t read_number(const char *path) {
  FILE *f = fopen(path, "re");
  if (!f) return SIZE_MAX;
  unsigned long long n = 0;
  size_t value = fscanf(f, "%llu", &n) == 1 ? (size_t)n : SIZE_MAX;  // "max" means no limit
  fclose(f);
  return value;
}

static size_t machine_available(void) {
  FILE *f = fopen("/proc/meminfo", "re");
  if (!f) return SIZE_MAX;
  char line[128];
  size_t value = SIZE_MAX;
  unsigned long long kib;
  while (fgets(line, sizeof line, f))
    if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1) {
      value = (size_t)kib * 1024;
      break;
    }
  fclose(f);
  return value;
}

static size_t group_available(void) {
  static const char *const files[][2] = {
      {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},  // version 2
      {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"},
  };
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    size_t limit = read_number(files[i][0]), used = read_number(files[i][1]);
    if (limit != SIZE_MAX && used != SIZE_MAX) return limit > used ? limit - used : 0;
  }
  return SIZE_MAX;
}

size_t gr_mem_available(void) {
  size_t machine = machine_available(), group = group_available();
  return machine < group ? machine : group;
}

gr_code gr_alloc(void **out, size_t size, const char *what, gr_err *err) {
  *out = NULL;
  if (size == 0) return GR_OK;
  double gib = (double)size / (1024.0 * 1024.0 * 1024.0);
  if (size >= CHECKED_FROM) {
    size_t left = gr_mem_available();
    left -= left / 8;  // the rest of the machine lives on
    if (size > left)
      return gr_fail(err, GR_ERR_MEMORY,
                     "%s needs %.2f GiB, and this machine has %.2f GiB to spare: use a smaller shape, "
                     "float32, or work through the data in parts",
                     what, gib, (double)left / (1024.0 * 1024.0 * 1024.0));
  }
  size_t rounded = (size + GR_ALIGN - 1) / GR_ALIGN * GR_ALIGN;
  if (rounded >= size) *out = aligned_alloc(GR_ALIGN, rounded);
  if (!*out) return gr_fail(err, GR_ERR_MEMORY, "out of memory: %s needs %.2f GiB", what, gib);
  return GR_OK;
}

void gr_free(void *block) { free(block); }

gr_code gr_buffer_new(gr_buffer **out, size_t size, const char *what, gr_err *err) {
  *out = NULL;
  gr_buffer *buffer = malloc(sizeof *buffer);
  if (!buffer) return gr_fail(err, GR_ERR_MEMORY, "out of memory: %s", what);
  gr_code code = gr_alloc(&buffer->data, size, what, err);
  if (code) {
    free(buffer);
    return code;
  }
  buffer->size = size;
  buffer->version = 0;
  atomic_init(&buffer->references, 1);
  *out = buffer;
  return GR_OK;
}

gr_buffer *gr_buffer_retain(gr_buffer *buffer) {
  if (buffer) atomic_fetch_add_explicit(&buffer->references, 1, memory_order_relaxed);
  return buffer;
}

void gr_buffer_changes(gr_buffer *buffer) {
  if (buffer) buffer->version++;
}

void gr_buffer_release(gr_buffer *buffer) {
  if (!buffer) return;
  if (atomic_fetch_sub_explicit(&buffer->references, 1, memory_order_acq_rel) != 1) return;
  gr_free(buffer->data);
  free(buffer);
}
