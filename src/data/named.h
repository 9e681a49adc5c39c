// Tensors with names, as archives hold them: what the writers of .npz and .safetensors take.
#ifndef GR_DATA_NAMED_H
#define GR_DATA_NAMED_H

#include "base/err.h"
#include "tensor/tensor.h"

typedef struct gr_named {
  const char *name;
  gr_tensor tensor;  // gr_named_init makes it contiguous; not the caller's own
} gr_named;

typedef struct gr_named_list {
  gr_named *items;
  size_t n;
} gr_named_list;

// Copies `n` names (not their letters) and shares or copies the tensors, so that the numbers of each lie one
// after the other. A name that is empty or comes twice is refused; `path` is for messages.
gr_code gr_named_init(gr_named_list *out, size_t n, const char *const *names, const gr_tensor *const *tensors,
                      const char *path, gr_err *err);
void gr_named_finish(gr_named_list *list);  // accepts zero bytes

// The first of `n` names that comes twice, or NULL; sorts the list.
const char *gr_name_twice(const char **names, size_t n);

#endif
