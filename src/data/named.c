#include "data/named.h"

#include <stdlib.h>
#include <string.h>

#include "data/rows.h"

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *gr_name_twice(const char **names, size_t n) {
  qsort(names, n, sizeof *names, by_text);
  for (size_t i = 1; i < n; i++)
    if (strcmp(names[i - 1], names[i]) == 0) return names[i];
  return NULL;
}

void gr_named_finish(gr_named_list *list) {
  for (size_t i = 0; i < list->n; i++) gr_tensor_finish(&list->items[i].tensor);
  free(list->items);
  *list = (gr_named_list){0};
}

static gr_code check_names(size_t n, const char *const *names, const char *path, gr_err *err) {
  for (size_t i = 0; i < n; i++)
    if (!names[i][0]) return gr_fail(err, GR_ERR_VALUE, "\"%.200s\": an array needs a name", path);
  const char **sorted = malloc((n ? n : 1) * sizeof *sorted);
  if (!sorted) return gr_fail(err, GR_ERR_MEMORY, "\"%.200s\": out of memory", path);
  if (n) memcpy(sorted, names, n * sizeof *sorted);
  const char *twice = gr_name_twice(sorted, n);
  free(sorted);
  if (!twice) return GR_OK;
  return gr_fail(err, GR_ERR_VALUE, "\"%.200s\": two arrays are named \"%.100s\"", path, twice);
}

gr_code gr_named_init(gr_named_list *out, size_t n, const char *const *names, const gr_tensor *const *tensors,
                      const char *path, gr_err *err) {
  *out = (gr_named_list){0};
  if (check_names(n, names, path, err)) return err->code;
  out->items = calloc(n ? n : 1, sizeof *out->items);
  if (!out->items) return gr_fail(err, GR_ERR_MEMORY, "\"%.200s\": out of memory", path);
  for (; out->n < n; out->n++) {
    gr_named *item = &out->items[out->n];
    item->name = names[out->n];
    if (gr_contiguous(&item->tensor, tensors[out->n], err)) {
      gr_named_finish(out);
      return err->code;
    }
  }
  return GR_OK;
}
