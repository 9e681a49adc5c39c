#include "data/convert.h"

#include <inttypes.h>
#include <string.h>

static const struct {
  const char *name;
  uint8_t size, dtype;
} numbers[] = {
    [GR_NUMBER_BOOL] = {"bool", 1, GR_BOOL},    [GR_NUMBER_U8] = {"uint8", 1, GR_U8},
    [GR_NUMBER_I8] = {"int8", 1, GR_I64},       [GR_NUMBER_U16] = {"uint16", 2, GR_I64},
    [GR_NUMBER_I16] = {"int16", 2, GR_I64},     [GR_NUMBER_U32] = {"uint32", 4, GR_I64},
    [GR_NUMBER_I32] = {"int32", 4, GR_I64},     [GR_NUMBER_U64] = {"uint64", 8, GR_I64},
    [GR_NUMBER_I64] = {"int64", 8, GR_I64},     [GR_NUMBER_F16] = {"float16", 2, GR_F32},
    [GR_NUMBER_BF16] = {"bfloat16", 2, GR_F32}, [GR_NUMBER_F32] = {"float32", 4, GR_F32},
    [GR_NUMBER_F64] = {"float64", 8, GR_F64},
};

size_t gr_number_size(gr_number number) { return numbers[number].size; }
const char *gr_number_name(gr_number number) { return numbers[number].name; }
gr_dtype gr_number_dtype(gr_number number) { return (gr_dtype)numbers[number].dtype; }

static uint16_t load16(const uint8_t *p, bool big) {
  uint16_t v;
  memcpy(&v, p, sizeof v);
  return big ? __builtin_bswap16(v) : v;
}

static uint32_t load32(const uint8_t *p, bool big) {
  uint32_t v;
  memcpy(&v, p, sizeof v);
  return big ? __builtin_bswap32(v) : v;
}

static uint64_t load64(const uint8_t *p, bool big) {
  uint64_t v;
  memcpy(&v, p, sizeof v);
  return big ? __builtin_bswap64(v) : v;
}

// float16: 1 bit of sign, 5 of exponent (bias 15), 10 of fraction. Every value is exact in float32.
static uint32_t half_to_single(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023;
  if (exponent == 31) return sign | 0x7f800000 | fraction << 13;  // infinity, NaN
  if (exponent == 0) {
    if (fraction == 0) return sign;
    for (exponent = 1; !(fraction & 1024); exponent--) fraction <<= 1;  // subnormal: normalise
    fraction &= 1023;
  }
  return sign | (exponent + 127 - 15) << 23 | fraction << 13;
}

gr_code gr_convert_numbers(void *out, const uint8_t *in, int64_t n, gr_number number, bool big,
                           const char *name, gr_err *err) {
  int64_t *whole = out;
  uint8_t *bytes = out;
  uint32_t *singles = out;
  uint64_t *doubles = out;
  switch (number) {
    case GR_NUMBER_BOOL:  // other programs write other bytes for true
      for (int64_t i = 0; i < n; i++) bytes[i] = in[i] != 0;
      break;
    case GR_NUMBER_U8:
      if (n) memcpy(out, in, (size_t)n);
      break;
    case GR_NUMBER_I8:
      for (int64_t i = 0; i < n; i++) whole[i] = (int8_t)in[i];
      break;
    case GR_NUMBER_U16:
      for (int64_t i = 0; i < n; i++) whole[i] = load16(in + 2 * i, big);
      break;
    case GR_NUMBER_I16:
      for (int64_t i = 0; i < n; i++) whole[i] = (int16_t)load16(in + 2 * i, big);
      break;
    case GR_NUMBER_U32:
      for (int64_t i = 0; i < n; i++) whole[i] = load32(in + 4 * i, big);
      break;
    case GR_NUMBER_I32:
      for (int64_t i = 0; i < n; i++) whole[i] = (int32_t)load32(in + 4 * i, big);
      break;
    case GR_NUMBER_U64:
      for (int64_t i = 0; i < n; i++) {
        uint64_t v = load64(in + 8 * i, big);
        if (v > INT64_MAX)
          return gr_fail(err, GR_ERR_VALUE,
                         "%s: the uint64 value %" PRIu64 " does not fit an int64: save the array as float64",
                         name, v);
        whole[i] = (int64_t)v;
      }
      break;
    case GR_NUMBER_F16:
      for (int64_t i = 0; i < n; i++) singles[i] = half_to_single(load16(in + 2 * i, big));
      break;
    case GR_NUMBER_BF16:  // the upper half of a float32
      for (int64_t i = 0; i < n; i++) singles[i] = (uint32_t)load16(in + 2 * i, big) << 16;
      break;
    case GR_NUMBER_F32:
      for (int64_t i = 0; i < n; i++) singles[i] = load32(in + 4 * i, big);
      break;
    case GR_NUMBER_I64:
    case GR_NUMBER_F64:
      for (int64_t i = 0; i < n; i++) doubles[i] = load64(in + 8 * i, big);
      break;
  }
  return GR_OK;
}
