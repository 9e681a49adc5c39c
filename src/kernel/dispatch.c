// Which instruction set the inner loops run on. Static data, written once by a constructor: every
// thread sees it, and a small operation pays no lock for asking.
#include <stdlib.h>
#include <string.h>

#include "kernel/table.h"

#ifdef GR_ISA_X86
extern const gr_map_table gr_map_f64_avx512, gr_map_f32_avx512, gr_map_f64_avx2, gr_map_f32_avx2;
extern const gr_fold_table gr_fold_f64_avx512, gr_fold_f32_avx512, gr_fold_f64_avx2, gr_fold_f32_avx2;
extern const gr_network_table gr_network_f64_avx512, gr_network_f32_avx512;
extern const gr_network_table gr_network_f64_avx2, gr_network_f32_avx2;
extern const gr_update_table gr_update_f64_avx512, gr_update_f32_avx512;
extern const gr_update_table gr_update_f64_avx2, gr_update_f32_avx2;
extern const gr_normalize_table gr_normalize_f64_avx512, gr_normalize_f32_avx512;
extern const gr_normalize_table gr_normalize_f64_avx2, gr_normalize_f32_avx2;
extern const gr_warp_table gr_warp_f64_avx512, gr_warp_f32_avx512, gr_warp_f64_avx2, gr_warp_f32_avx2;
extern const gr_grouped_table gr_grouped_f64_avx512, gr_grouped_f32_avx512;
extern const gr_grouped_table gr_grouped_f64_avx2, gr_grouped_f32_avx2;
extern const gr_conv_table gr_conv_f32_avx512, gr_conv_f32_avx2;
extern const gr_conv_gradient_table gr_conv_gradient_f32_avx512, gr_conv_gradient_f32_avx2;
extern const gr_conv_sparse_table gr_conv_sparse_f32_avx512, gr_conv_sparse_f32_avx2;
extern const gr_winograd_table gr_winograd_f32_avx512, gr_winograd_f32_avx2;
extern const gr_product_table gr_product_f32_avx512, gr_product_f32_avx2;
extern const gr_product_sparse_table gr_product_sparse_f32_avx512, gr_product_sparse_f32_avx2;
#endif
extern const gr_map_table gr_map_f64_baseline, gr_map_f32_baseline;
extern const gr_fold_table gr_fold_f64_baseline, gr_fold_f32_baseline;
extern const gr_network_table gr_network_f64_baseline, gr_network_f32_baseline;
extern const gr_update_table gr_update_f64_baseline, gr_update_f32_baseline;
extern const gr_normalize_table gr_normalize_f64_baseline, gr_normalize_f32_baseline;
extern const gr_warp_table gr_warp_f64_baseline, gr_warp_f32_baseline;
extern const gr_grouped_table gr_grouped_f64_baseline, gr_grouped_f32_baseline;
extern const gr_conv_table gr_conv_f32_baseline;
extern const gr_conv_gradient_table gr_conv_gradient_f32_baseline;
extern const gr_conv_sparse_table gr_conv_sparse_f32_baseline;
extern const gr_winograd_table gr_winograd_f32_baseline;
extern const gr_product_table gr_product_f32_baseline;
extern const gr_product_sparse_table gr_product_sparse_f32_baseline;

// Best first.
static const gr_kernel_table tables[] = {
#ifdef GR_ISA_X86
    {"avx512",
     {&gr_map_f64_avx512, &gr_map_f32_avx512},
     {&gr_fold_f64_avx512, &gr_fold_f32_avx512},
     {&gr_network_f64_avx512, &gr_network_f32_avx512},
     {&gr_update_f64_avx512, &gr_update_f32_avx512},
     {&gr_normalize_f64_avx512, &gr_normalize_f32_avx512},
     {&gr_warp_f64_avx512, &gr_warp_f32_avx512},
     {&gr_grouped_f64_avx512, &gr_grouped_f32_avx512},
     &gr_conv_f32_avx512,
     &gr_conv_gradient_f32_avx512,
     &gr_conv_sparse_f32_avx512,
     &gr_winograd_f32_avx512,
     &gr_product_f32_avx512,
     &gr_product_sparse_f32_avx512},
    {"avx2",
     {&gr_map_f64_avx2, &gr_map_f32_avx2},
     {&gr_fold_f64_avx2, &gr_fold_f32_avx2},
     {&gr_network_f64_avx2, &gr_network_f32_avx2},
     {&gr_update_f64_avx2, &gr_update_f32_avx2},
     {&gr_normalize_f64_avx2, &gr_normalize_f32_avx2},
     {&gr_warp_f64_avx2, &gr_warp_f32_avx2},
     {&gr_grouped_f64_avx2, &gr_grouped_f32_avx2},
     &gr_conv_f32_avx2,
     &gr_conv_gradient_f32_avx2,
     &gr_conv_sparse_f32_avx2,
     &gr_winograd_f32_avx2,
     &gr_product_f32_avx2,
     &gr_product_sparse_f32_avx2},
#endif
    {"baseline",
     {&gr_map_f64_baseline, &gr_map_f32_baseline},
     {&gr_fold_f64_baseline, &gr_fold_f32_baseline},
     {&gr_network_f64_baseline, &gr_network_f32_baseline},
     {&gr_update_f64_baseline, &gr_update_f32_baseline},
     {&gr_normalize_f64_baseline, &gr_normalize_f32_baseline},
     {&gr_warp_f64_baseline, &gr_warp_f32_baseline},
     {&gr_grouped_f64_baseline, &gr_grouped_f32_baseline},
     &gr_conv_f32_baseline,
     &gr_conv_gradient_f32_baseline,
     &gr_conv_sparse_f32_baseline,
     &gr_winograd_f32_baseline,
     &gr_product_f32_baseline,
     &gr_product_sparse_f32_baseline},
};
#define N_TABLES ((int)(sizeof tables / sizeof tables[0]))

static const gr_kernel_table *chosen = &tables[N_TABLES - 1];

// Everything that -march=x86-64-v4 and -v3 let the compiler use.
static bool processor_has(const char *isa) {
#ifdef GR_ISA_X86
  if (!strcmp(isa, "baseline")) return true;
  bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
            __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
            __builtin_cpu_supports("popcnt");
  if (!strcmp(isa, "avx2")) return v3;
  return v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
#else
  return true;
#endif
}

__attribute__((constructor)) static void choose(void) {
#ifdef GR_ISA_X86
  __builtin_cpu_init();
#endif
  const char *wanted = getenv("GRADUS_ISA");
  const gr_kernel_table *best = NULL, *named = NULL;
  for (int i = 0; i < N_TABLES; i++) {
    if (!processor_has(tables[i].isa)) continue;
    if (!best) best = &tables[i];
    if (wanted && !strcmp(wanted, tables[i].isa)) named = &tables[i];
  }
  chosen = named ? named : best;
}

const gr_kernel_table *gr_kernels(void) { return chosen; }
