#include "data/cifar.h"

#include <inttypes.h>

#include "base/interrupt.h"

enum { SIDE = 32, PIXELS = SIDE * SIDE };

gr_code gr_cifar_parse(gr_tensor *x, gr_tensor *y, const uint8_t *data, size_t size, int labels,
                       const char *name, gr_err *err) {
  size_t record = (size_t)labels + 3 * PIXELS;
  int classes = labels == 1 ? 10 : 100;
  *x = *y = (gr_tensor){0};
  if (size == 0 || size % record)
    return gr_fail(err, GR_ERR_FORMAT,
                   "%s: %zu bytes; a file of CIFAR-%d is made of records of %zu bytes: it is truncated, or "
                   "something else",
                   name, size, classes, record);
  int64_t n = (int64_t)(size / record);
  gr_code code = gr_tensor_init(x, GR_U8, 4, (int64_t[]){n, SIDE, SIDE, 3}, err);
  if (!code) code = gr_tensor_init(y, GR_U8, 1, (int64_t[]){n}, err);
  for (int64_t i = 0; !code && i < n; i++) {
    const uint8_t *in = data + (size_t)i * record;
    uint8_t label = in[labels - 1], *out = (uint8_t *)x->data + i * 3 * PIXELS;
    if ((i & 1023) == 0) code = gr_interrupt_poll(err);
    if (!code && label >= classes)
      code =
          gr_fail(err, GR_ERR_FORMAT,
                  "%s: record %" PRId64 " has label %d; those of CIFAR-%d are 0 to %d: the file is damaged, "
                  "or something else",
                  name, i + 1, label, classes, classes - 1);
    ((uint8_t *)y->data)[i] = label;
    in += labels;
    for (int p = 0; p < PIXELS; p++)
      for (int c = 0; c < 3; c++) out[3 * p + c] = in[c * PIXELS + p];
  }
  if (code) {
    gr_tensor_finish(x);
    gr_tensor_finish(y);
  }
  return code;
}
