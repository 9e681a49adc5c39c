// Where the gradients of a slice's values stand in its arena.
#include "grad/step.h"

static size_t bytes_of(const gr_step *s, int64_t rows) {
  return gr_scratch_round(gr_tensor_bytes(&s->value) * (size_t)rows);
}

// The last step that adds to the gradient of step i in a backward pass; i itself where that begins.
static int last_reader(const gr_step *steps, int count, int i) {
  for (int j = count; j-- > i + 1;)
    for (int k = 0; steps[j].backward && k < steps[j].inputs; k++)
      if (steps[j].in[k] == i) return j;
  return i;
}

// A backward pass goes from the last step to the first. The gradient of step i is there from its last reader
// down to step i itself, which passes it on: a chain of layers needs two at a time, and those that are never
// there together share their place. Each takes the first gap among those that it meets. What somebody reads
// after the pass (gr_step.lasts) meets all that come after it.
size_t gr_lay_out_gradients(gr_step *steps, int count, size_t begin, int64_t rows) {
  size_t end = begin;
  for (int i = count; i-- > 0;) {
    gr_step *s = &steps[i];
    if (!s->rows || !s->backward || !s->needs_gradient) continue;
    const size_t bytes = bytes_of(s, rows);
    const int last = last_reader(steps, count, i);
    s->gradient_at = begin;
    for (int k = i + 1; k < count; k++) {
      const gr_step *met = &steps[k];
      if (k > last && !met->lasts) continue;
      if (!met->rows || !met->backward || !met->needs_gradient) continue;
      const size_t behind = met->gradient_at + bytes_of(met, rows);
      if (s->gradient_at >= behind || met->gradient_at >= s->gradient_at + bytes) continue;
      s->gradient_at = behind;
      k = i;  // from the beginning: it may meet one that it had passed
    }
    if (s->gradient_at + bytes > end) end = s->gradient_at + bytes;
  }
  return end;
}
