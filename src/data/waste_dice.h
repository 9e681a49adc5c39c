// What a drawn picture is made of: chance, points and colours, and smooth noise.
#ifndef GR_DATA_WASTE_DICE_H
#define GR_DATA_WASTE_DICE_H

#include <math.h>
#include <stdbool.h>

#include "base/random.h"

// ---- chance ----

// One stream read from its beginning. Every aspect of a picture (its outline, its light...) has dice of its
// own, so that one that throws more often leaves the others as they were. Two throws never stand in one call:
// a compiler may take a call's arguments in any order.
typedef struct gr_dice {
  gr_stream stream;
  uint64_t thrown;
} gr_dice;

static inline float gr_dice_throw(gr_dice *d) {  // [0, 1)
  return (float)(gr_stream_u64(d->stream, d->thrown++) >> 40) * 0x1p-24f;
}
static inline float gr_dice_between(gr_dice *d, float low, float high) {
  return low + (high - low) * gr_dice_throw(d);
}
static inline float gr_dice_about(gr_dice *d, float most) { return gr_dice_between(d, -most, most); }
static inline bool gr_dice_chance(gr_dice *d, float p) { return gr_dice_throw(d) < p; }
static inline int gr_dice_pick(gr_dice *d, int n) { return (int)(gr_dice_throw(d) * (float)n); }  // 0..n-1

// ---- numbers ----

// fminf and fmaxf, without their care for NaN, which costs a call.
static inline float gr_least(float a, float b) { return a < b ? a : b; }
static inline float gr_most(float a, float b) { return a > b ? a : b; }
static inline float gr_clamp(float x, float low, float high) { return x < low ? low : x > high ? high : x; }
static inline float gr_mix(float a, float b, float part) { return a + (b - a) * part; }
static inline float gr_smooth(float x) {  // 0 below 0, 1 above 1, an S between
  x = gr_clamp(x, 0, 1);
  return x * x * (3 - 2 * x);
}

// ---- points, directions ----

// x to the right, y down the picture (or along a thing, from its top), z towards the viewer.
typedef struct gr_vec3 {
  float x, y, z;
} gr_vec3;

static inline gr_vec3 gr_vec3_add(gr_vec3 a, gr_vec3 b) { return (gr_vec3){a.x + b.x, a.y + b.y, a.z + b.z}; }
static inline gr_vec3 gr_vec3_subtract(gr_vec3 a, gr_vec3 b) {
  return (gr_vec3){a.x - b.x, a.y - b.y, a.z - b.z};
}
static inline gr_vec3 gr_vec3_scale(gr_vec3 a, float s) { return (gr_vec3){a.x * s, a.y * s, a.z * s}; }
static inline float gr_vec3_dot(gr_vec3 a, gr_vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
static inline gr_vec3 gr_vec3_cross(gr_vec3 a, gr_vec3 b) {
  return (gr_vec3){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
static inline gr_vec3 gr_vec3_unit(gr_vec3 a) {  // of a zero vector: the zero vector
  float length = sqrtf(gr_vec3_dot(a, a));
  return length > 0 ? gr_vec3_scale(a, 1 / length) : a;
}

// ---- colours ----

typedef struct gr_color {
  float r, g, b;  // 0 black to 1 white
} gr_color;

static inline float gr_color_tone(gr_color c) { return 0.299f * c.r + 0.587f * c.g + 0.114f * c.b; }
static inline gr_color gr_color_scale(gr_color c, float s) { return (gr_color){c.r * s, c.g * s, c.b * s}; }
static inline gr_color gr_color_mix(gr_color a, gr_color b, float part) {
  return (gr_color){gr_mix(a.r, b.r, part), gr_mix(a.g, b.g, part), gr_mix(a.b, b.b, part)};
}
// A colour of this tone that leans to `hue` by `strength`: its hue says nothing about its tone.
static inline gr_color gr_color_of_tone(float tone, gr_color hue, float strength) {
  float own = gr_color_tone(hue);
  return (gr_color){tone + strength * (hue.r - own), tone + strength * (hue.g - own),
                    tone + strength * (hue.b - own)};
}

// ---- noise ----

// Random values on a lattice that repeats, joined smoothly. One unit is one cell.
#define GR_LATTICE 32
typedef struct gr_lattice {
  float value[GR_LATTICE][GR_LATTICE];  // 0..1
} gr_lattice;

static inline void gr_lattice_fill(gr_lattice *l, gr_dice *d) {
  float *value = l->value[0];
  for (int i = 0; i < GR_LATTICE * GR_LATTICE; i += 4) {
    uint64_t bits = gr_stream_u64(d->stream, d->thrown++);
    for (int k = 0; k < 4; k++) value[i + k] = (float)(bits >> 16 * k & 0xffff) * 0x1p-16f;
  }
}

// x and y above -1000.
static inline float gr_lattice_at(const gr_lattice *l, float x, float y) {
  enum { FAR = 32 * GR_LATTICE };  // makes them positive, where an int is the floor
  x += FAR;
  y += FAR;
  int i = (int)y, j = (int)x;
  float ty = y - (float)i, tx = x - (float)j;
  tx = tx * tx * (3 - 2 * tx);
  ty = ty * ty * (3 - 2 * ty);
  const float *top = l->value[i & (GR_LATTICE - 1)], *bottom = l->value[(i + 1) & (GR_LATTICE - 1)];
  int left = j & (GR_LATTICE - 1), right = (j + 1) & (GR_LATTICE - 1);
  return gr_mix(gr_mix(top[left], top[right], tx), gr_mix(bottom[left], bottom[right], tx), ty);
}

#endif
