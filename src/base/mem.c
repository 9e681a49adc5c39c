#include "base/mem.h"

#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

// ---- what is left ----

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

// What the control groups under `root` leave, from the process's own up to the root: each may have a limit.
static size_t groups_available(const char *root, const char *group, const char *limit_name,
                               const char *used_name) {
  size_t least = SIZE_MAX;
  char path[4096], file[4200];
  int length = snprintf(path, sizeof path, "%s%s", root, group);
  if (length < 0 || (size_t)length >= sizeof path) return least;
  for (;;) {
    snprintf(file, sizeof file, "%s/%s", path, limit_name);
    size_t limit = read_number(file);
    snprintf(file, sizeof file, "%s/%s", path, used_name);
    size_t used = limit == SIZE_MAX ? SIZE_MAX : read_number(file);
    if (used != SIZE_MAX) {
      size_t left = limit > used ? limit - used : 0;
      if (left < least) least = left;
    }
    char *slash = strrchr(path + strlen(root), '/');
    if (!slash) return least;
    *slash = '\0';
  }
}

// Batch systems and containers limit memory by control groups, of version 2 ("0::/path") or 1.
static size_t group_available(void) {
  FILE *f = fopen("/proc/self/cgroup", "re");
  if (!f) return SIZE_MAX;
  char line[4096];
  size_t least = SIZE_MAX;
  while (fgets(line, sizeof line, f)) {
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group) continue;
    *group++ = '\0';
    size_t left = SIZE_MAX;
    if (controllers[1] == '\0')
      left = groups_available("/sys/fs/cgroup", group, "memory.max", "memory.current");
    else if (strcmp(controllers + 1, "memory") == 0)
      left =
          groups_available("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes", "memory.usage_in_bytes");
    if (left < least) least = left;
  }
  fclose(f);
  return least;
}

// What "ulimit -v" leaves, which login nodes set.
static size_t address_space_available(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
  size_t pages = read_number("/proc/self/statm");
  if (pages == SIZE_MAX) return SIZE_MAX;
  size_t used = pages * (size_t)sysconf(_SC_PAGESIZE);
  return limit.rlim_cur > used ? (size_t)limit.rlim_cur - used : 0;
}

static size_t left_now(void) {
  size_t machine = machine_available(), group = group_available(), space = address_space_available();
  size_t least = machine < group ? machine : group;
  return least < space ? least : space;
}

// ---- kept memory ----
//
// A chain of operations on large tensors asks for the same few sizes over and over, while malloc hands the
// end of its heap back to the kernel each time the collector has let go of some, and cannot use a freed block
// for an aligned request of its own size (glibc before 2.38). What is kept is the process's, as malloc's own
// lists are: buffers are released where no state is at hand, and by several threads.

enum { KEPT_BLOCKS = 32, KEPT_AGE = 64 };
#define KEPT_FROM ((size_t)32 << 10)
#define KEPT_BYTES ((size_t)256 << 20)

static struct {
  pthread_mutex_t lock;
  int count;
  size_t bytes;
  uint64_t clock;  // counts requests that found nothing
  struct {
    void *data;
    size_t size;
    uint64_t since;
  } block[KEPT_BLOCKS];  // the oldest first
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *take_out(int i) {
  void *data = kept.block[i].data;
  kept.bytes -= kept.block[i].size;
  kept.count--;
  memmove(&kept.block[i], &kept.block[i + 1], (size_t)(kept.count - i) * sizeof kept.block[0]);
  return data;
}

// A block of exactly that size, the last one released, which may still be in a cache; or NULL.
static void *take_kept(size_t size) {
  if (!GR_KEEPS_FREED || size < KEPT_FROM) return NULL;
  void *found = NULL;
  pthread_mutex_lock(&kept.lock);
  for (int i = kept.count; i-- > 0 && !found;)
    if (kept.block[i].size == size) found = take_out(i);
  if (!found) kept.clock++;
  while (kept.count && kept.clock - kept.block[0].since > KEPT_AGE) free(take_out(0));
  pthread_mutex_unlock(&kept.lock);
  return found;
}

static void keep_or_free(void *data, size_t size) {
  if (!GR_KEEPS_FREED || size < KEPT_FROM || size > KEPT_BYTES) {
    free(data);
    return;
  }
  pthread_mutex_lock(&kept.lock);
  while (kept.count == KEPT_BLOCKS || kept.bytes + size > KEPT_BYTES) free(take_out(0));
  kept.block[kept.count].data = data;
  kept.block[kept.count].size = size;
  kept.block[kept.count++].since = kept.clock;
  kept.bytes += size;
  pthread_mutex_unlock(&kept.lock);
}

// Frees everything kept, and hands back to the kernel what malloc holds between blocks in use: a step of
// training that found no room has just let go of some hundred blocks there. False when there was nothing.
static bool give_back(void) {
  pthread_mutex_lock(&kept.lock);
  bool any = kept.count > 0;
  while (kept.count) free(take_out(kept.count - 1));
  pthread_mutex_unlock(&kept.lock);
#ifdef __GLIBC__
  any |= malloc_trim(0) != 0;
#endif
  return any;
}

// With less left than this the machine needs the memory more than we do.
#define LITTLE ((size_t)1 << 30)

size_t gr_mem_available(void) {
  size_t left = left_now();
  return left < LITTLE && give_back() ? left_now() : left;
}

// ---- allocation ----

// Large blocks lie on pages of 2 MiB where the kernel gives them to who asks: a few tensors of some megabytes
// are more small pages than the processor keeps at hand, and fresh memory comes 512 of those at a time. (An
// expression of four operations on a million float64 took a third less time.)
#define HUGE_PAGE ((size_t)2 << 20)

// Some bytes on a boundary: `size` is a multiple of GR_ALIGN.
static void *aligned(size_t size) {
#ifdef MADV_HUGEPAGE
  if (size >= HUGE_PAGE && GR_KEEPS_FREED) {
    void *block = aligned_alloc(HUGE_PAGE, size);
    if (block) madvise(block, size, MADV_HUGEPAGE);  // advice: without it everything works too
    return block;
  }
#endif
  return aligned_alloc(GR_ALIGN, size);
}

// "1.50 GiB", "12.0 MiB": sizes below a hundredth of a GiB are sizes too.
static const char *size_text(char text[32], size_t size) {
  static const char *const units[] = {"KiB", "MiB", "GiB"};
  double n = (double)size / 1024;
  int unit = 0;
  for (; n >= 1024 && unit < 2; unit++) n /= 1024;
  snprintf(text, 32, "%.2f %s", n, units[unit]);
  return text;
}

gr_code gr_mem_expect(size_t size, const char *what, const char *fix, gr_err *err) {
  if (size < CHECKED_FROM) return GR_OK;
  char need[32], spare[32];
  size_t left = gr_mem_available();
  if (size > left - left / 8 && give_back()) left = gr_mem_available();
  left -= left / 8;  // the rest of the machine lives on
  if (size <= left) return GR_OK;
  return gr_fail(err, GR_ERR_MEMORY, "%s needs %s, and this machine has %s to spare: %s", what,
                 size_text(need, size), size_text(spare, left), fix);
}

gr_code gr_alloc(void **out, size_t size, const char *what, gr_err *err) {
  *out = NULL;
  if (size == 0) return GR_OK;
  gr_code code =
      gr_mem_expect(size, what, "use a smaller shape, float32, or work through the data in parts", err);
  if (code) return code;
  char need[32];
  size_t rounded = (size + GR_ALIGN - 1) / GR_ALIGN * GR_ALIGN;
  if (rounded >= size) *out = aligned(rounded);
  if (rounded >= size && !*out && give_back()) *out = aligned(rounded);
  if (!*out) return gr_fail(err, GR_ERR_MEMORY, "out of memory: %s needs %s", what, size_text(need, size));
  return GR_OK;
}

void gr_free(void *block) { free(block); }

// ---- counted buffers ----

gr_code gr_buffer_new(gr_buffer **out, size_t size, const char *what, gr_err *err) {
  *out = NULL;
  gr_buffer *buffer = malloc(sizeof *buffer);
  if (!buffer) return gr_fail(err, GR_ERR_MEMORY, "out of memory: %s", what);
  buffer->data = take_kept(size);
  gr_code code = buffer->data ? GR_OK : gr_alloc(&buffer->data, size, what, err);
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
  keep_or_free(buffer->data, buffer->size);
  free(buffer);
}
