#include "kernel/network_table.h"

extern const gr_network_table gr_network_f64_base, gr_network_f32_base;

const gr_network_table *gr_network_loops(gr_dtype dtype) {
  return dtype == GR_F64 ? &gr_network_f64_base : &gr_network_f32_base;
}
