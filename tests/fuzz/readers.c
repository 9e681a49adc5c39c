// One fuzz target a reader: any bytes end in numbers or in an error with a sentence; never in a crash, a
// hang, or in more memory than the file's decoded size warrants.
//
// As a plain program (the tests run it; best built with the sanitizers) it replays the files it is given,
// then changes them at random until its time is over:
//
//   tests/fuzz_readers NAME SECONDS SEED FILE...
//
// A failure leaves the bytes in fuzz-NAME.bin. With clang, tests/fuzz/run builds each as a libFuzzer target
// instead.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <signal.h>

#include "base/mem.h"
#include "data/cifar.h"
#include "data/csv.h"
#include "data/idx.h"
#include "data/npy.h"
#include "data/npz.h"
#include "data/picture.h"
#include "data/safetensors.h"
#include "data/table.h"
#include "text/json.h"

// The greatest decoded size that a target goes on with: more is a matter of memory, which the tests of bombs
// look at.
#define LARGEST ((size_t)64 << 20)

static void expect_sentence(gr_code code, const gr_err *err) {
  if (code && (err->code != code || strlen(err->text) < 8)) abort();
}

static void fuzz_npy(const uint8_t *data, size_t size) {
  gr_tensor t;
  gr_err err = {0};
  expect_sentence(gr_npy_parse(&t, data, size, "fuzz", &err), &err);
  gr_tensor_finish(&t);
}

static bool copy_of(gr_bytes *out, const uint8_t *data, size_t size) {
  gr_err err;
  void *block;
  if (gr_alloc(&block, size, "fuzz", &err)) return false;
  if (size) memcpy(block, data, size);
  *out = (gr_bytes){block, size};
  return true;
}

static void fuzz_npz(const uint8_t *data, size_t size) {
  gr_bytes file;
  gr_npz z;
  gr_err err = {0};
  if (!copy_of(&file, data, size)) return;
  gr_code code = gr_npz_open(&z, &file, "fuzz", &err);
  expect_sentence(code, &err);
  for (size_t i = 0; !code && i < z.n; i++) {
    gr_tensor t;
    if (z.entries[i].unpacked > LARGEST) continue;
    expect_sentence(gr_npz_tensor(&t, &z, i, &err), &err);
    gr_tensor_finish(&t);
  }
  gr_npz_close(&z);
}

static void fuzz_safetensors(const uint8_t *data, size_t size) {
  gr_bytes file;
  gr_safetensors s;
  gr_err err = {0};
  if (!copy_of(&file, data, size)) return;
  gr_code code = gr_safetensors_open(&s, &file, "fuzz", &err);
  expect_sentence(code, &err);
  for (size_t i = 0; !code && i < s.n; i++) {
    gr_tensor t;
    expect_sentence(gr_safetensors_tensor(&t, &s, i, &err), &err);
    gr_tensor_finish(&t);
  }
  gr_safetensors_close(&s);
}

static void fuzz_idx(const uint8_t *data, size_t size) {
  gr_tensor t;
  gr_err err = {0};
  size_t total;
  expect_sentence(gr_idx_size(&total, data, size, "fuzz", &err), &err);
  expect_sentence(gr_idx_parse(&t, data, size, "fuzz", &err), &err);
  gr_tensor_finish(&t);
}

static void fuzz_gzip(const uint8_t *data, size_t size) {
  gr_bytes plain;
  gr_err err = {0};
  uint8_t head[64];
  gr_gunzip_head(head, sizeof head, data, size);
  expect_sentence(gr_gunzip(&plain, data, size, 4096, "fuzz", &err), &err);
  gr_bytes_finish(&plain);
}

static void fuzz_csv(const uint8_t *data, size_t size) {
  gr_tensor t;
  gr_err err = {0};
  expect_sentence(gr_csv_parse(&t, data, size, 0, "fuzz", &err), &err);
  gr_tensor_finish(&t);
}

static void fuzz_table(const uint8_t *data, size_t size) {
  static const gr_table_options kinds[] = {{.header = -1, .decimal = '.'},
                                           {.header = 0, .decimal = ','},
                                           {.skip = 1, .header = 1, .decimal = '.', .separator = '\t'}};
  for (int i = 0; i < 3; i++) {
    gr_table t;
    gr_err err = {0};
    expect_sentence(gr_table_parse(&t, data, size, &kinds[i], "fuzz", &err), &err);
    gr_table_finish(&t);
  }
}

static void fuzz_cifar(const uint8_t *data, size_t size) {
  for (int labels = 1; labels <= 2; labels++) {
    gr_tensor x, y;
    gr_err err = {0};
    expect_sentence(gr_cifar_parse(&x, &y, data, size, labels, "fuzz", &err), &err);
    gr_tensor_finish(&x);
    gr_tensor_finish(&y);
  }
}

// COCO annotations, and the headers of .safetensors. Each value is looked at, in the text's order.
static void look(const gr_json *value, size_t *n) {
  gr_json_kind_of(value);
  gr_json_number(value);
  if (strlen(gr_json_text(value)) + strlen(gr_json_key(value)) > ((size_t)1 << 20)) abort();
  ++*n;
  size_t before = *n, inside = 0;
  for (const gr_json *each = gr_json_first(value); each; each = gr_json_next(each), inside++) look(each, n);
  if (inside > *n - before || inside != gr_json_count(value)) abort();
}

static void fuzz_json(const uint8_t *data, size_t size) {
  gr_json *root = NULL;
  gr_err err = {0};
  size_t n = 0;
  gr_code code = gr_json_parse(&root, (const char *)data, size, "fuzz", &err);
  expect_sentence(code, &err);
  if (!code) look(root, &n);
  if (n > size) abort();
  gr_json_free(root);
}

// PNG and JPEG, whole and shrunk, as data.image and data.folder read them.
static void fuzz_picture(const uint8_t *data, size_t size) {
  for (int small = 0; small < 2; small++) {
    gr_picture p;
    gr_err err = {0};
    gr_picture_wish wish = {.height = 7, .width = 9, .gray = true};
    gr_code code = gr_picture_parse(&p, data, size, small ? &wish : NULL, "fuzz", &err);
    expect_sentence(code, &err);
    if (!code && small) {
      uint8_t out[7 * 9];
      gr_picture_gray(&p);
      expect_sentence(gr_picture_shrink(out, 7, 9, &p, NULL, "fuzz", &err), &err);
    }
    gr_picture_finish(&p);
  }
}

static const struct {
  const char *name;
  void (*run)(const uint8_t *data, size_t size);
} targets[] = {{"npy", fuzz_npy},      {"npz", fuzz_npz},     {"safetensors", fuzz_safetensors},
               {"idx", fuzz_idx},      {"gzip", fuzz_gzip},   {"csv", fuzz_csv},
               {"table", fuzz_table},  {"cifar", fuzz_cifar}, {"png", fuzz_picture},
               {"jpeg", fuzz_picture}, {"json", fuzz_json}};

#ifdef FUZZ_TARGET  // a libFuzzer program of one target, by its name

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++)
    if (strcmp(targets[i].name, FUZZ_TARGET) == 0) targets[i].run(data, size);
  return 0;
}

#else

static uint64_t state;

static uint32_t draw(uint32_t below) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)((state >> 33) * below >> 31);
}

// Changes a few bytes, copies, removes or repeats a run of them, or puts in a number that sizes fail over.
static size_t mutate(uint8_t *data, size_t size, size_t room) {
  static const uint32_t numbers[] = {0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff};
  for (uint32_t n = 1 + draw(4); n && size > 8; n--) {
    uint32_t at = draw((uint32_t)size), run = 1 + draw(16);
    switch (draw(6)) {
      case 0: data[at] = (uint8_t)draw(256); break;
      case 1: data[at] ^= (uint8_t)(1u << draw(8)); break;
      case 2:
        if (at + 4 <= size) memcpy(data + at, &numbers[draw(9)], 1 + draw(4));
        break;
      case 3: size = at + 1; break;
      case 4:
        if (at + run < size) {
          memmove(data + at, data + at + run, size - at - run);
          size -= run;
        }
        break;
      default:
        if (at + run <= size && size + run <= room) {
          memmove(data + at + run, data + at, size - at);
          size += run;
        }
    }
  }
  return size;
}

static const uint8_t *current;  // what the target works on, for when it crashes
static size_t current_size;
static char crash_path[64];

static void keep_current(int number) {
  FILE *f = fopen(crash_path, "wb");  // the program is lost anyway
  if (f) {
    fwrite(current, 1, current_size, f);
    fclose(f);
  }
  signal(number, SIG_DFL);
  raise(number);
}

static void run(size_t target, const uint8_t *data, size_t size) {
  uint8_t *exact = malloc(size ? size : 1);  // of its own, so that AddressSanitizer sees what reads past it
  if (!exact) return;
  memcpy(exact, data, size);
  current = exact;
  current_size = size;
  alarm(20);  // longer than that is a hang
  targets[target].run(exact, size);
  free(exact);
}

int main(int argc, char **argv) {
  enum { ROOM = 1 << 20 };
  static uint8_t bytes[ROOM];
  size_t target = 0, n_targets = sizeof targets / sizeof targets[0];
  while (argc > 4 && target < n_targets && strcmp(targets[target].name, argv[1]) != 0) target++;
  if (argc < 5 || target == n_targets) {
    fprintf(stderr, "usage: fuzz_readers NAME SECONDS SEED FILE...\n");
    return 2;
  }
  double seconds = atof(argv[2]);
  state = strtoull(argv[3], NULL, 10) * 2 + 1;
  snprintf(crash_path, sizeof crash_path, "fuzz-%s.bin", argv[1]);
  signal(SIGALRM, keep_current);
  signal(SIGABRT, keep_current);
  signal(SIGSEGV, keep_current);
  clock_t start = clock();
  long runs = 0;
  bool first = true;
  do {
    for (int i = 4; i < argc; i++) {
      FILE *f = fopen(argv[i], "rb");
      if (!f) {
        perror(argv[i]);
        return 2;
      }
      size_t size = fread(bytes, 1, ROOM, f);
      fclose(f);
      if (first) run(target, bytes, size);
      for (int k = 0; k < 50 && seconds > 0; k++, runs++)
        run(target, bytes, size = mutate(bytes, size, ROOM));
      runs += first;
    }
    first = false;
  } while ((double)(clock() - start) < seconds * CLOCKS_PER_SEC);
  printf("%s: %ld inputs\n", argv[1], runs);
  return 0;
}

#endif
