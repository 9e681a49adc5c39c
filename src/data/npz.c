#include "data/npz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/npy.h"

// Zip is little-endian. The three records that matter, with their sizes without names and comments:
#define LOCAL_SIZE 30    // "PK\3\4": before each member's bytes
#define CENTRAL_SIZE 46  // "PK\1\2": one a member, together the central directory
#define END_SIZE 22      // "PK\5\6": where the directory is; the last record of the file
#define MAX_COMMENT 65535

static uint32_t u16(const uint8_t *p) { return p[0] | (uint32_t)p[1] << 8; }
static uint32_t u32(const uint8_t *p) { return u16(p) | u16(p + 2) << 16; }
static bool is_record(const uint8_t *p, char a, char b) {
  return p[0] == 'P' && p[1] == 'K' && p[2] == a && p[3] == b;
}

bool gr_is_zip(const uint8_t *data, size_t size) {
  return size >= 4 && (is_record(data, 3, 4) || is_record(data, 5, 6));
}

void gr_npz_close(gr_npz *z) {
  for (size_t i = 0; i < z->n; i++) free(z->entries[i].name);
  free(z->entries);
  gr_bytes_finish(&z->file);
  *z = (gr_npz){0};
}

// Searched from the end: a comment may follow it.
static const uint8_t *find_end(const gr_bytes *f) {
  if (f->size < END_SIZE) return NULL;
  size_t last = f->size - END_SIZE, first = last > MAX_COMMENT ? last - MAX_COMMENT : 0;
  for (size_t at = last + 1; at-- > first;)
    if (is_record(f->data + at, 5, 6) && u16(f->data + at + 20) == last - at) return f->data + at;
  return NULL;
}

static gr_code damaged(const gr_npz *z, const char *member, const char *what, gr_err *err) {
  return gr_fail(err, GR_ERR_FORMAT, "%s: %s%s%s: the archive is damaged", z->path, member ? member : "",
                 member ? ": " : "", what);
}

static gr_code read_entry(gr_npz_entry *e, const gr_npz *z, const uint8_t *p, size_t directory, gr_err *err) {
  const gr_bytes *f = &z->file;
  uint32_t flags = u16(p + 8), method = u16(p + 10), name_size = u16(p + 28);
  e->crc = u32(p + 16);
  e->packed = u32(p + 20);
  e->unpacked = u32(p + 24);
  e->from = u32(p + 42);
  e->name = malloc(name_size + 1);
  if (!e->name) return gr_fail(err, GR_ERR_MEMORY, "%s: out of memory", z->path);
  memcpy(e->name, p + CENTRAL_SIZE, name_size);
  e->name[name_size] = '\0';
  if (strlen(e->name) != name_size) return damaged(z, NULL, "a member's name holds a zero byte", err);
  char shown[128];
  snprintf(shown, sizeof shown, "%.120s", e->name);
  e->is_array = name_size > 4 && strcmp(e->name + name_size - 4, ".npy") == 0;
  if (e->is_array) e->name[name_size - 4] = '\0';
  if (e->packed == UINT32_MAX || e->unpacked == UINT32_MAX || e->from == UINT32_MAX)
    return gr_fail(err, GR_ERR_FORMAT,
                   "%s: %s is larger than 4 GiB (zip64), which is not read: save it alone with np.save",
                   z->path, shown);
  if (flags & 1) return gr_fail(err, GR_ERR_FORMAT, "%s: %s is encrypted, which is not read", z->path, shown);
  if (method != 0 && method != 8)
    return gr_fail(err, GR_ERR_FORMAT,
                   "%s: %s is packed by method %u; stored (0) and deflated (8) are read: save it again with "
                   "np.savez_compressed",
                   z->path, shown, method);
  e->deflated = method == 8;
  if (directory < LOCAL_SIZE || e->from > directory - LOCAL_SIZE || !is_record(f->data + e->from, 3, 4))
    return damaged(z, shown, "it does not begin where the directory says", err);
  const uint8_t *local = f->data + e->from;
  e->start = e->from + LOCAL_SIZE + u16(local + 26) + u16(local + 28);
  if (e->start > directory || e->packed > directory - e->start)
    return damaged(z, shown, "it reaches past the end of the archive", err);
  if (!e->deflated && e->packed != e->unpacked)
    return damaged(z, shown, "it is stored, but its two sizes differ", err);
  if (e->deflated && e->unpacked > gr_inflate_bound(e->packed))
    return gr_fail(err, GR_ERR_FORMAT,
                   "%s: %s declares %zu bytes, but %zu packed bytes can hold %zu at most: the archive is "
                   "damaged",
                   z->path, shown, e->unpacked, e->packed, gr_inflate_bound(e->packed));
  return GR_OK;
}

static int by_place(const void *a, const void *b) {
  const gr_npz_entry *const *x = a, *const *y = b;
  return ((*x)->from > (*y)->from) - ((*x)->from < (*y)->from);
}

// Members that share bytes are how a small archive unpacks to a huge one; honest ones lie one after the
// other.
static gr_code refuse_overlaps(const gr_npz *z, gr_err *err) {
  const gr_npz_entry **sorted = malloc((z->n ? z->n : 1) * sizeof *sorted);
  if (!sorted) return gr_fail(err, GR_ERR_MEMORY, "%s: out of memory", z->path);
  for (size_t i = 0; i < z->n; i++) sorted[i] = &z->entries[i];
  qsort(sorted, z->n, sizeof *sorted, by_place);
  bool overlap = false;
  for (size_t i = 1; i < z->n; i++) overlap |= sorted[i]->from < sorted[i - 1]->start + sorted[i - 1]->packed;
  free(sorted);
  return overlap ? damaged(z, NULL, "two of its members overlap", err) : GR_OK;
}

static gr_code read_directory(gr_npz *z, gr_err *err) {
  const gr_bytes *f = &z->file;
  const uint8_t *end = find_end(f);
  if (!end)
    return gr_fail(err, GR_ERR_FORMAT,
                   "%s: truncated: a zip archive (.npz) ends in a directory, and these %zu bytes do not: "
                   "copy or save it again",
                   z->path, f->size);
  size_t n = u16(end + 10), size = u32(end + 12), start = u32(end + 16), limit = (size_t)(end - f->data);
  if (n == 65535 || start == UINT32_MAX)
    return gr_fail(err, GR_ERR_FORMAT,
                   "%s: an archive of the zip64 kind (over 4 GiB or 65,534 members) is not read: save each "
                   "array alone with np.save",
                   z->path);
  if (start > limit || size > limit - start)
    return damaged(z, NULL, "its directory is not where it says", err);
  if (size / CENTRAL_SIZE < n) return damaged(z, NULL, "its directory is too short for its members", err);
  z->entries = calloc(n ? n : 1, sizeof *z->entries);
  if (!z->entries) return gr_fail(err, GR_ERR_MEMORY, "%s: out of memory", z->path);
  const uint8_t *p = f->data + start, *stop = p + size;
  for (size_t i = 0; i < n; i++) {
    if (stop - p < CENTRAL_SIZE || !is_record(p, 1, 2))
      return damaged(z, NULL, "its directory holds something else than members", err);
    size_t record = CENTRAL_SIZE + u16(p + 28) + u16(p + 30) + u16(p + 32);
    if ((size_t)(stop - p) < record) return damaged(z, NULL, "its directory is cut off", err);
    z->n = i + 1;  // gr_npz_close frees what read_entry makes, also when it fails
    if (read_entry(&z->entries[i], z, p, start, err)) return err->code;
    p += record;
  }
  return refuse_overlaps(z, err);
}

gr_code gr_npz_open(gr_npz *out, gr_bytes *file, const char *path, gr_err *err) {
  *out = (gr_npz){.file = *file};
  *file = (gr_bytes){0};
  snprintf(out->path, sizeof out->path, "%s", path);
  gr_code code = read_directory(out, err);
  if (code) gr_npz_close(out);
  return code;
}

gr_code gr_npz_bytes(gr_bytes *unpacked, const uint8_t **bytes, const gr_npz *z, size_t i, gr_err *err) {
  const gr_npz_entry *e = &z->entries[i];
  char name[400];
  snprintf(name, sizeof name, "%s: %.120s", z->path, e->name);
  *unpacked = (gr_bytes){0};
  *bytes = z->file.data + e->start;
  gr_code code = GR_OK;
  if (e->deflated) {
    void *block = NULL;
    code = gr_alloc(&block, e->unpacked, name, err);
    *unpacked = (gr_bytes){block, e->unpacked};
    if (!code) code = gr_inflate_raw(block, e->unpacked, *bytes, e->packed, name, err);
    *bytes = block;
  }
  if (!code && gr_crc32(0, *bytes, e->unpacked) != e->crc)
    code = gr_fail(err, GR_ERR_FORMAT,
                   "%s: its checksum is wrong: the file is damaged; copy or save it again", name);
  if (code) gr_bytes_finish(unpacked);
  return code;
}

gr_code gr_npz_tensor(gr_tensor *out, const gr_npz *z, size_t i, gr_err *err) {
  const gr_npz_entry *e = &z->entries[i];
  char name[400];
  snprintf(name, sizeof name, "%s: %.120s", z->path, e->name);
  *out = (gr_tensor){0};
  if (!e->is_array)
    return gr_fail(err, GR_ERR_FORMAT, "%s is no array: the members of a .npz file are .npy files", name);
  gr_bytes unpacked;
  const uint8_t *bytes;
  if (gr_npz_bytes(&unpacked, &bytes, z, i, err)) return err->code;
  gr_code code = gr_npy_parse(out, bytes, e->unpacked, name, err);
  gr_bytes_finish(&unpacked);
  return code;
}

// ---- other archives ----

// Nothing is written outside of the folder: a name is of parts that go down only.
static bool stays_inside(const char *name) {
  if (*name == '/' || *name == '\0') return false;
  for (const char *part = name;;) {
    size_t n = strcspn(part, "/\\");
    if (part[n] == '\\' || (n == 2 && part[0] == '.' && part[1] == '.')) return false;
    if (!part[n]) return true;
    part += n + 1;
  }
}

// What a file manager leaves in archives: .DS_Store, __MACOSX/...
static bool is_litter(const char *name) {
  const char *last = strrchr(name, '/');
  return strncmp(name, "__MACOSX/", 9) == 0 || (last ? last[1] : *name) == '.';
}

gr_code gr_npz_unpack(const gr_npz *z, const char *folder, gr_err *err) {
  for (size_t i = 0; i < z->n; i++) {
    const gr_npz_entry *e = &z->entries[i];
    size_t length = strlen(e->name);
    if (is_litter(e->name) || (length && e->name[length - 1] == '/')) continue;
    if (!stays_inside(e->name))
      return gr_fail(err, GR_ERR_FORMAT,
                     "%s: the member \"%.100s\" would be written outside of the folder: refused", z->path,
                     e->name);
    gr_str path = {0};
    gr_bytes unpacked = {0};
    const uint8_t *bytes = NULL;
    gr_str_format(&path, "%s/%s%s", folder, e->name, e->is_array ? ".npy" : "");
    gr_code code = gr_str_check(&path, err);
    if (!code) {
      char *slash = strrchr(path.text, '/');
      *slash = '\0';
      code = gr_folder_make(path.text, err);
      *slash = '/';
    }
    if (!code) code = gr_npz_bytes(&unpacked, &bytes, z, i, err);
    if (!code) code = gr_file_write(path.text, &(gr_piece){bytes, e->unpacked}, 1, err);
    gr_bytes_finish(&unpacked);
    gr_str_finish(&path);
    if (code) return code;
  }
  return GR_OK;
}

// ---- writing ----

// One member as it is written: its local header and name, the .npy header, the numbers.
typedef struct member {
  uint8_t local[LOCAL_SIZE];
  char header[GR_NPY_HEADER];
  gr_bytes pieces[2];  // the .npy header and the numbers; the packed bytes, when it is deflated
  gr_bytes packed;     // its own
  uint32_t crc, from;
  size_t unpacked;
} member;

static void put16(uint8_t *p, size_t v) {
  p[0] = (uint8_t)v;
  p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, size_t v) {
  put16(p, v & 0xffff);
  put16(p + 2, v >> 16);
}

#define SUFFIX ".npy"
#define UTF8_NAMES 0x800    // the flag that says so
#define FIRST_OF_1980 0x21  // every member has the earliest date of a zip: equal tensors give equal bytes

// What the local header and the directory say alike, from the needed version to the length of the name.
static void put_common(uint8_t *p, const member *m, size_t name, bool deflated) {
  put16(p, 20);
  put16(p + 2, UTF8_NAMES);
  put16(p + 4, deflated ? 8 : 0);
  put16(p + 8, FIRST_OF_1980);
  put32(p + 10, m->crc);
  put32(p + 14, m->pieces[0].size + m->pieces[1].size);
  put32(p + 18, m->unpacked);
  put16(p + 22, name);
}

static gr_code make_member(member *m, const gr_named *item, bool deflated, const char *path, gr_err *err) {
  size_t bytes = gr_tensor_bytes(&item->tensor), name = strlen(item->name) + strlen(SUFFIX);
  m->pieces[0] = (gr_bytes){(uint8_t *)m->header, gr_npy_header(m->header, &item->tensor)};
  m->pieces[1] = (gr_bytes){item->tensor.data, bytes};
  m->unpacked = m->pieces[0].size + bytes;
  if (m->unpacked >= UINT32_MAX || name > UINT16_MAX)
    return gr_fail(
        err, GR_ERR_VALUE,
        "\"%.200s\": %.100s is larger than the 4 GiB, or its name longer than the 65,535 letters, that "
        "an archive has room for: save it alone, or as .safetensors",
        path, item->name);
  for (int i = 0; i < 2; i++) m->crc = gr_crc32(m->crc, m->pieces[i].data, m->pieces[i].size);
  if (deflated) {
    if (gr_deflate_raw(&m->packed, m->pieces, path, err)) return err->code;
    m->pieces[0] = m->packed;
    m->pieces[1] = (gr_bytes){0};
  }
  memcpy(m->local, "PK\3\4", 4);
  put_common(m->local + 4, m, name, deflated);
  return GR_OK;
}

static void append_directory(gr_str *s, const member *members, const gr_named_list *tensors, bool deflated,
                             size_t start) {
  for (size_t i = 0; i < tensors->n; i++) {
    uint8_t record[CENTRAL_SIZE] = "PK\1\2\24";  // made by version 2.0
    const char *name = tensors->items[i].name;
    put_common(record + 6, &members[i], strlen(name) + strlen(SUFFIX), deflated);
    put32(record + 42, members[i].from);
    gr_str_append_n(s, (const char *)record, sizeof record);
    gr_str_append(s, name);
    gr_str_append(s, SUFFIX);
  }
  uint8_t end[END_SIZE] = "PK\5\6";
  put16(end + 8, tensors->n);
  put16(end + 10, tensors->n);
  put32(end + 12, s->length);
  put32(end + 16, start);
  gr_str_append_n(s, (const char *)end, sizeof end);
}

#define PIECES 5  // a member's local header, name, suffix, .npy header and numbers

static gr_code write_members(const char *path, const gr_named_list *tensors, member *members,
                             gr_piece *pieces, bool deflated, gr_err *err) {
  size_t at = 0;
  gr_piece *next = pieces;
  for (size_t i = 0; i < tensors->n; i++) {
    member *m = &members[i];
    const char *name = tensors->items[i].name;
    if (make_member(m, &tensors->items[i], deflated, path, err)) return err->code;
    m->from = (uint32_t)at;
    gr_piece mine[PIECES] = {{m->local, sizeof m->local},
                             {name, strlen(name)},
                             {SUFFIX, strlen(SUFFIX)},
                             {m->pieces[0].data, m->pieces[0].size},
                             {m->pieces[1].data, m->pieces[1].size}};
    for (int p = 0; p < PIECES; p++) {
      at += mine[p].size;
      *next++ = mine[p];
    }
    if (at >= UINT32_MAX)
      return gr_fail(err, GR_ERR_VALUE,
                     "\"%.200s\": together these arrays are larger than the 4 GiB that an "
                     "archive has room for: save them as .safetensors",
                     path);
  }
  gr_str directory = {0};
  append_directory(&directory, members, tensors, deflated, at);
  gr_code code = gr_str_check(&directory, err);
  *next++ = (gr_piece){directory.text, directory.length};
  if (!code) code = gr_file_write(path, pieces, (int)(next - pieces), err);
  gr_str_finish(&directory);
  return code;
}

gr_code gr_npz_write(const char *path, const gr_named_list *tensors, bool deflated, gr_err *err) {
  if (tensors->n >= UINT16_MAX)
    return gr_fail(err, GR_ERR_VALUE, "\"%.200s\": an archive has room for 65,534 arrays, not for %zu", path,
                   tensors->n);
  member *members = calloc(tensors->n + 1, sizeof *members);
  gr_piece *pieces = malloc((tensors->n * PIECES + 1) * sizeof *pieces);
  gr_code code = members && pieces ? write_members(path, tensors, members, pieces, deflated, err)
                                   : gr_fail(err, GR_ERR_MEMORY, "\"%.200s\": out of memory", path);
  for (size_t i = 0; members && i < tensors->n; i++) gr_bytes_finish(&members[i].packed);
  free(members);
  free(pieces);
  return code;
}
