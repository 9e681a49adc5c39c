#include "data/waste.h"

#include <math.h>

#include "base/interrupt.h"

// ---- numbers ----

static float uniform(gr_random *r, float low, float high) {
  return low + (high - low) * (float)gr_random_double(r);
}
static bool chance(gr_random *r, float p) { return (float)gr_random_double(r) < p; }
static int pick(gr_random *r, int n) { return (int)gr_random_interval(r, (uint64_t)(n - 1)); }
static float clamp(float x, float low, float high) { return x < low ? low : x > high ? high : x; }
static float smooth(float x) {  // 0 below 0, 1 above 1, an S between
  x = clamp(x, 0, 1);
  return x * x * (3 - 2 * x);
}

// Smooth noise: random values on a lattice that repeats, joined bilinearly. One unit is one cell.
#define CELLS 32
typedef struct lattice {
  float value[CELLS][CELLS];  // 0..1
} lattice;

static void lattice_init(lattice *l, gr_random *r) {
  for (int i = 0; i < CELLS; i++)
    for (int j = 0; j < CELLS; j++) l->value[i][j] = (float)(gr_random_u32(r) >> 8) * 0x1p-24f;
}

static float noise(const lattice *l, float x, float y) {
  float fx = floorf(x), fy = floorf(y), tx = smooth(x - fx), ty = smooth(y - fy);
  int i = (int)fy & (CELLS - 1), i1 = (i + 1) & (CELLS - 1);
  int j = (int)fx & (CELLS - 1), j1 = (j + 1) & (CELLS - 1);
  float top = l->value[i][j] + tx * (l->value[i][j1] - l->value[i][j]);
  float bottom = l->value[i1][j] + tx * (l->value[i1][j1] - l->value[i1][j]);
  return top + ty * (bottom - top);
}

// ---- outlines ----
//
// A thing lies along its axis v, from -1 (top) to 1 (bottom), and reaches `left` and `right` of it: its
// half-widths at P + 1 places along the axis, in the same unit.

#define P 96
typedef struct outline {
  float left[P + 1], right[P + 1];
} outline;

typedef float (*width_function)(const float *shape, float t);  // t: 0 at the top, 1 at the bottom

// Ends rounded over a length e.
static float round_end(float t, float e) {
  float x = clamp(t / e, 0, 1);
  return sqrtf(x * (2 - x));
}

// shape: half-widths of body and neck, ends of neck and shoulder, steepness, waist, rounding of the base
static float bottle_width(const float *s, float t) {
  float body = s[0], neck = s[1];
  if (t < s[2]) return t < 0.07f ? neck * 1.12f : neck;  // the lip or cap stands out a little
  float x = smooth((t - s[2]) / (s[3] - s[2]));
  float waist = 1 - s[5] * smooth(1 - fabsf(t - 0.62f) / 0.16f);
  return (neck + (body - neck) * powf(x, s[4])) * waist * (0.8f + 0.2f * round_end(1 - t, s[6]));
}

// shape: half-width at the top, at the bottom, length and depth of the chamfer at the top and at the bottom
static float vessel_width(const float *s, float t) {
  float w = s[0] + (s[1] - s[0]) * t;
  return w * (1 - s[3] * (1 - clamp(t / s[2], 0, 1)) - s[5] * (1 - clamp((1 - t) / s[4], 0, 1)));
}

// shape: half-width, roundness (1 an ellipse, small a box with soft corners)
static float lump_width(const float *s, float t) {
  return s[0] * round_end(t, s[1]) * round_end(1 - t, s[1]);
}

static void outline_fill(outline *o, width_function width, const float *shape) {
  for (int i = 0; i <= P; i++) o->left[i] = o->right[i] = width(shape, (float)i / P);
}

// Waves along each side for itself, as crumpled things have.
static void outline_crumple(outline *o, float depth, gr_random *r) {
  float *sides[] = {o->left, o->right};
  for (int k = 0; k < 2; k++)
    for (int wave = 1; wave <= 9; wave++) {
      float a = depth * uniform(r, -1, 1) / sqrtf((float)wave), phase = uniform(r, 0, 6.2832f);
      for (int i = 0; i <= P; i++) sides[k][i] *= 1 + a * sinf(3.1416f * (float)(wave * i) / P + phase);
    }
}

static void outline_dent(outline *o, gr_random *r) {
  float *side = chance(r, 0.5f) ? o->left : o->right;
  float at = uniform(r, 0.45f, 0.9f), depth = uniform(r, 0.08f, 0.25f), reach = uniform(r, 0.08f, 0.18f);
  for (int i = 0; i <= P; i++) side[i] *= 1 - depth * smooth(1 - fabsf((float)i / P - at) / reach);
}

static float outline_area(const outline *o) {
  float sum = 0;
  for (int i = 0; i <= P; i++) sum += o->left[i] + o->right[i];
  return sum * 2 / (P + 1);
}

// ---- things ----

#define LEAST_CONTRAST 55  // between a thing and the ground, in grey levels
#define MOST_TILT 0.4f     // radians that an axis leans to either side

typedef struct thing {
  outline outline;
  float x, y, half;          // its middle and half its length, in pixels
  float cosine, sine, bend;  // the angle of its axis, and how far the axis is bent
  float light_u, light_z;    // where light comes from: across the axis, and from above
  bool boxy;                 // two flat faces instead of a round one
  float edge;                // where the faces meet
  float tone, opacity, gloss, gloss_at, ribs, creases;
  float label_from, label_to, label_tone, print;  // a printed band
  float top_to, top_tone;                         // a cap, a lid, a rim
  lattice relief;                                 // creases and print
} thing;

static void draw_bottle(thing *t, gr_random *r) {
  static const struct {
    float body[2], neck[2], neck_end[2], shoulder_end[2], steep[2], waist;
  } makes[] = {
      // wine: high shoulders, sloping shoulders; beer; soft drink and water, of plastic; squat, for spirits
      {{.24f, .28f}, {.085f, .11f}, {.26f, .34f}, {.40f, .46f}, {0.7f, 1.0f}, 0},
      {{.25f, .30f}, {.085f, .11f}, {.20f, .28f}, {.52f, .62f}, {0.9f, 1.2f}, 0},
      {{.25f, .29f}, {.095f, .12f}, {.22f, .30f}, {.44f, .52f}, {0.8f, 1.1f}, 0},
      {{.27f, .34f}, {.10f, .13f}, {.11f, .16f}, {.30f, .40f}, {0.7f, 1.0f}, .16f},
      {{.26f, .32f}, {.10f, .14f}, {.12f, .18f}, {.24f, .32f}, {0.6f, 0.9f}, .06f},
      {{.36f, .44f}, {.11f, .15f}, {.18f, .26f}, {.32f, .42f}, {0.5f, 0.8f}, 0},
  };
  int m = pick(r, (int)(sizeof makes / sizeof makes[0]));
  float shape[] = {uniform(r, makes[m].body[0], makes[m].body[1]),
                   uniform(r, makes[m].neck[0], makes[m].neck[1]),
                   uniform(r, makes[m].neck_end[0], makes[m].neck_end[1]),
                   uniform(r, makes[m].shoulder_end[0], makes[m].shoulder_end[1]),
                   uniform(r, makes[m].steep[0], makes[m].steep[1]),
                   makes[m].waist * uniform(r, 0, 1),
                   uniform(r, 0.03f, 0.10f)};
  outline_fill(&t->outline, bottle_width, shape);
}

static void draw_other(thing *t, gr_random *r) {
  enum { CAN, TUBE, CUP, CARTON, GABLE, PAPER, BAG, N_KINDS };
  int kind = pick(r, N_KINDS);
  t->boxy = kind == CARTON || kind == GABLE;
  if (kind == PAPER || kind == BAG) {
    float shape[] = {uniform(r, 0.34f, 0.85f), uniform(r, 0.25f, 0.5f)};
    outline_fill(&t->outline, lump_width, shape);
    outline_crumple(&t->outline, kind == PAPER ? 0.16f : 0.10f, r);
    t->creases = uniform(r, 0.4f, 0.9f);
    return;
  }
  float w = kind == TUBE  ? uniform(r, 0.20f, 0.30f)
            : kind == CUP ? uniform(r, 0.42f, 0.62f)
                          : uniform(r, 0.32f, 0.56f);
  float shape[] = {w, w, 0.06f, uniform(r, 0, 0.18f), 0.05f, uniform(r, 0, 0.15f)};
  if (kind == CUP) {
    shape[1] = w * uniform(r, 0.60f, 0.80f);
    shape[3] = shape[5] = 0;
  } else if (kind == CARTON) {
    shape[3] = shape[5] = 0;
  } else if (kind == GABLE) {  // a roof: the shoulders without the neck
    shape[2] = uniform(r, 0.16f, 0.28f);
    shape[3] = uniform(r, 0.35f, 0.75f);
    shape[5] = 0;
  }
  outline_fill(&t->outline, vessel_width, shape);
}

// What says nothing about the class: all of it is drawn alike for both.
static void draw_surface(thing *t, float ground_tone, gr_random *r) {
  t->tone = uniform(r, 35, 215);
  if (fabsf(t->tone - ground_tone) < LEAST_CONTRAST)
    t->tone = ground_tone + (chance(r, 0.5f) ? LEAST_CONTRAST : -LEAST_CONTRAST);
  t->opacity = chance(r, 0.35f) ? uniform(r, 0.55f, 0.85f) : 1;  // glass and clear plastic, or not
  t->gloss = chance(r, 0.7f) ? uniform(r, 15, 70) : 0;
  t->gloss_at = uniform(r, -0.6f, 0.6f);
  t->ribs = chance(r, 0.25f) ? uniform(r, 0.05f, 0.2f) : 0;
  t->edge = uniform(r, -0.5f, 0.5f);
  t->label_from = t->label_to = 2;
  if (chance(r, 0.5f)) {
    t->label_from = uniform(r, -0.15f, 0.25f);
    t->label_to = t->label_from + uniform(r, 0.3f, 0.6f);
    t->label_tone = uniform(r, 40, 235);
    t->print = uniform(r, 0.1f, 0.4f);
  }
  t->top_to = chance(r, 0.6f) ? -1 + uniform(r, 0.10f, 0.2f) : -2;
  t->top_tone = uniform(r, 30, 235);
  lattice_init(&t->relief, r);
  if (chance(r, 0.25f)) outline_dent(&t->outline, r);
  t->bend = chance(r, 0.3f) ? uniform(r, -0.06f, 0.06f) : 0;
}

// At a size that gives it its share of the picture, and where all of it is seen.
static void place(thing *t, int size, float light, gr_random *r) {
  float share = uniform(r, 0.15f, 0.26f), middle = (float)size / 2, widest = 0;
  for (int i = 0; i <= P; i++) widest = fmaxf(widest, fmaxf(t->outline.left[i], t->outline.right[i]));
  float angle = MOST_TILT * (uniform(r, -1, 1) + uniform(r, -1, 1)) / 2;
  t->cosine = cosf(angle);
  t->sine = sinf(angle);
  float tall = t->cosine + widest * fabsf(t->sine), wide = fabsf(t->sine) + widest * t->cosine;
  t->half = (float)size * sqrtf(share / outline_area(&t->outline));
  t->half = fminf(t->half, 0.47f * (float)size / fmaxf(tall, wide));
  float room_x = middle - wide * t->half, room_y = middle - tall * t->half;
  t->x = middle + uniform(r, -room_x, room_x);
  t->y = middle + uniform(r, -room_y, room_y);
  t->light_u = 0.8f * cosf(light - angle);
  t->light_z = 0.6f;
}

// Where a point lies on the thing: across, along, how far inside the outline; all in half-lengths.
typedef struct spot {
  float u, v, inside, width;
} spot;

static spot locate(const thing *t, float x, float y) {
  float dx = (x - t->x) / t->half, dy = (y - t->y) / t->half;
  spot s = {.u = dx * t->cosine + dy * t->sine, .v = -dx * t->sine + dy * t->cosine};
  s.u -= t->bend * (s.v * s.v * 2 - 1);
  float at = clamp((s.v + 1) * (P / 2.0f), 0, P - 1e-3f), part = at - floorf(at);
  const float *side = (s.u < 0 ? t->outline.left : t->outline.right) + (int)at;
  s.width = side[0] + part * (side[1] - side[0]);
  float across = s.width - fabsf(s.u), along = 1 - fabsf(s.v);
  s.inside = across < along ? across : along;
  return s;
}

static float surface_tone(const thing *t, const spot *s, float behind) {
  float a = clamp(s->u / (s->width + 1e-4f), -1, 1), z = sqrtf(1 - a * a), light;
  if (t->boxy)
    light = a < t->edge ? 0.72f + 0.28f * t->light_u : 0.72f - 0.28f * t->light_u;
  else
    light = 0.45f + 0.6f * clamp(t->light_u * a + t->light_z * z, 0, 1);
  light *= 1 + t->creases * (noise(&t->relief, 6 * s->u + 9, 6 * s->v + 9) - 0.5f);
  light *= 1 + t->ribs * sinf(28 * s->v);
  float tone = t->tone, opacity = t->opacity;
  if (s->v < t->top_to) {
    tone = t->top_tone;
    opacity = 1;
  } else if (s->v > t->label_from && s->v < t->label_to) {
    bool ink = noise(&t->relief, 14 * s->u, 22 * s->v) > 0.55f;
    tone = t->label_tone * (ink ? 1 - t->print : 1);
    opacity = 1;
  }
  // What is seen through glass is bent away at its rim, which looks dark.
  opacity += (1 - opacity) * (1 - z);
  tone = opacity * tone * light + (1 - opacity) * behind;
  float shine = 1 - fabsf(a - t->gloss_at) / 0.25f;
  return shine > 0 ? tone + t->gloss * shine * shine : tone;
}

// ---- the ground ----

typedef struct ground {
  float tone, coarse, fine, cosine, sine, stretch, slope_x, slope_y;
  float joint_width, joint_every, joint_tone;  // between planks or tiles
  bool tiles;
  lattice texture;
} ground;

static void draw_ground(ground *g, gr_random *r) {
  enum { CONCRETE, GRAVEL, GRASS, PLANKS, TILES, N_GROUNDS };
  int kind = pick(r, N_GROUNDS);
  float angle = uniform(r, 0, 3.1416f);
  *g = (ground){.tone = uniform(r, 60, 195), .cosine = cosf(angle), .sine = sinf(angle), .stretch = 1};
  g->coarse = uniform(r, 4, 18);
  g->fine = kind == GRAVEL ? uniform(r, 12, 28) : kind == GRASS ? uniform(r, 12, 25) : uniform(r, 3, 12);
  if (kind == GRASS) g->stretch = uniform(r, 3, 5);
  if (kind == PLANKS || kind == TILES) {
    g->joint_every = uniform(r, 0.18f, 0.5f);
    g->joint_width = uniform(r, 0.012f, 0.03f);
    g->joint_tone = uniform(r, -40, 20);
    g->tiles = kind == TILES;
    if (kind == PLANKS) g->stretch = 4;
  }
  g->slope_x = uniform(r, -25, 25);
  g->slope_y = uniform(r, -25, 25);
  lattice_init(&g->texture, r);
}

static bool in_joint(const ground *g, float p) {
  float x = p / g->joint_every;
  return (x - floorf(x)) * g->joint_every < g->joint_width;
}

// x and y from 0 to 1 across the picture.
static float ground_tone(const ground *g, float x, float y) {
  float p = x * g->cosine + y * g->sine, q = -x * g->sine + y * g->cosine;
  float tone = g->tone + g->slope_x * (x - 0.5f) + g->slope_y * (y - 0.5f);
  tone += g->coarse * (noise(&g->texture, 5 * p, 5 * q / g->stretch) - 0.5f);
  tone += g->fine * (noise(&g->texture, 24 * p + 7, 24 * q / g->stretch + 3) - 0.5f);
  if (g->joint_every > 0 && (in_joint(g, p + 4) || (g->tiles && in_joint(g, q + 4)))) tone += g->joint_tone;
  return tone;
}

// Leaves and pebbles: small ellipses, on the ground or over the thing.
typedef struct bit {
  float x, y, cosine, sine, length, width, tone;
} bit;
#define MAX_BITS 4

static void draw_bit(bit *b, int size, gr_random *r) {
  float angle = uniform(r, 0, 3.1416f);
  *b = (bit){uniform(r, 0, (float)size),
             uniform(r, 0, (float)size),
             cosf(angle),
             sinf(angle),
             uniform(r, 0.02f, 0.07f) * (float)size,
             0,
             uniform(r, 30, 220)};
  b->width = b->length * uniform(r, 0.25f, 1);
}

static float over_bits(const bit *bits, int n, float x, float y, float tone) {
  for (int i = 0; i < n; i++) {
    float dx = x - bits[i].x, dy = y - bits[i].y;
    float p = (dx * bits[i].cosine + dy * bits[i].sine) / bits[i].length;
    float q = (-dx * bits[i].sine + dy * bits[i].cosine) / bits[i].width;
    float cover = clamp((1 - sqrtf(p * p + q * q)) * bits[i].width + 0.5f, 0, 1);
    tone += cover * (bits[i].tone - tone);
  }
  return tone;
}

// ---- pictures ----

#define FINE 3  // points a pixel has along each side where the outline crosses it

static float thing_over(const thing *t, float x, float y, float behind) {
  spot middle = locate(t, x + 0.5f, y + 0.5f);
  float pixels_inside = middle.inside * t->half;
  if (pixels_inside < -1.5f) return behind;
  if (pixels_inside > 1.5f) return surface_tone(t, &middle, behind);
  float sum = 0;
  for (int i = 0; i < FINE; i++)
    for (int j = 0; j < FINE; j++) {
      spot s = locate(t, x + ((float)j + 0.5f) / FINE, y + ((float)i + 0.5f) / FINE);
      sum += s.inside > 0 ? surface_tone(t, &s, behind) : behind;
    }
  return sum / (FINE * FINE);
}

void gr_waste_draw(uint8_t *picture, int size, bool bottle, gr_random *r) {
  ground g;
  draw_ground(&g, r);
  thing t = {0};
  if (bottle)
    draw_bottle(&t, r);
  else
    draw_other(&t, r);
  float light = uniform(r, 0, 6.2832f);
  draw_surface(&t, g.tone, r);
  place(&t, size, light, r);
  bit bits[MAX_BITS];
  int n_bits = pick(r, MAX_BITS + 1), n_under = n_bits - n_bits / 3;
  for (int i = 0; i < n_bits; i++) draw_bit(&bits[i], size, r);
  // The shadow is the outline moved away from the light, with a soft edge.
  float shadow = uniform(r, 0.15f, 0.5f), reach = uniform(r, 0.03f, 0.08f) * (float)size;
  float shadow_x = -reach * cosf(light), shadow_y = -reach * sinf(light), soft = 0.04f * (float)size / t.half;
  float grain = uniform(r, 2, 6) / 147.8f;
  for (int i = 0; i < size; i++)
    for (int j = 0; j < size; j++) {
      float x = (float)j, y = (float)i;
      float tone = ground_tone(&g, (x + 0.5f) / (float)size, (y + 0.5f) / (float)size);
      tone = over_bits(bits, n_under, x + 0.5f, y + 0.5f, tone);
      float depth = locate(&t, x + 0.5f - shadow_x, y + 0.5f - shadow_y).inside;
      tone *= 1 - shadow * smooth((depth + soft) / (2 * soft));
      tone = thing_over(&t, x, y, tone);
      tone = over_bits(bits + n_under, n_bits - n_under, x + 0.5f, y + 0.5f, tone);
      // Four bytes of one random word add up to nearly a normal number, of standard deviation 147.8.
      uint32_t word = gr_random_u32(r);
      int sum = (int)(word & 255) + (int)(word >> 8 & 255) + (int)(word >> 16 & 255) + (int)(word >> 24);
      picture[i * size + j] = (uint8_t)clamp(tone + grain * (float)(sum - 510) + 0.5f, 0, 255);
    }
}

gr_code gr_waste(uint8_t *x, uint8_t *y, int64_t n, int64_t bottles, int size, gr_random *r, gr_err *err) {
  if (bottles < 0 || bottles > n || size < 1)
    return gr_fail(err, GR_ERR_VALUE, "%lld bottles among %lld pictures cannot be drawn", (long long)bottles,
                   (long long)n);
  for (int64_t i = 0; i < n; i++) y[i] = i < bottles;
  for (int64_t i = n - 1; i > 0; i--) {
    int64_t j = (int64_t)gr_random_interval(r, (uint64_t)i);
    uint8_t label = y[i];
    y[i] = y[j];
    y[j] = label;
  }
  for (int64_t i = 0; i < n; i++) {
    if (gr_interrupt_poll(err)) return err->code;
    gr_waste_draw(x + i * (int64_t)size * size, size, y[i], r);
  }
  return GR_OK;
}
