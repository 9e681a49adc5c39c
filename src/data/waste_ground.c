#include "data/waste_ground.h"

// ---- flat things ----

void gr_patch_turn(gr_patch *p, float angle) {
  p->cosine = cosf(angle);
  p->sine = sinf(angle);
}

// How far inside the edge a point is, in pixels; along and across from the middle.
static float inside(const gr_patch *p, float along, float across) {
  switch (p->shape) {
    case GR_PATCH_PEBBLE: {
      float u = along / p->length, v = across / p->width;
      return (1 - sqrtf(u * u + v * v)) * gr_least(p->length, p->width);
    }
    case GR_PATCH_LEAF: {
      float u = along / p->length;
      return p->width * (1 - u * u) - fabsf(across);
    }
    default: return gr_least(p->length - fabsf(along), p->width - fabsf(across));
  }
}

static gr_color patch_color(const gr_patch *p, const gr_lattice *noise, const gr_light *light, float along,
                            float across) {
  float u = along / p->length, v = across / p->width, lit = 1;
  float rough = gr_lattice_at(noise, 3 * u + p->texture_at, 3 * v) - 0.5f;
  if (p->shape == GR_PATCH_PEBBLE) {
    // A flat dome: the slope in the picture's directions, against the light.
    float x = u * p->cosine - v * p->sine, y = u * p->sine + v * p->cosine;
    lit = light->ambient + light->diffuse * (0.75f + 0.35f * (x * light->toward.x + y * light->toward.y));
    lit *= 1 + p->texture * rough;
  } else if (p->shape == GR_PATCH_LEAF) {
    float rib = fabsf(across) < 0.07f * p->width ? 0.18f : 0;
    float vein = sinf(14 * (u + fabsf(v) * 0.6f));
    lit = 1 + p->texture * (rib + 0.14f * vein + (v > 0 ? 0.10f : -0.10f) + 0.4f * rough);
  } else {
    // Printed lines, as on cardboard and newspaper.
    float line = gr_lattice_at(noise, 9 * u + p->texture_at, 16 * v) > 0.62f ? -0.5f : 0;
    lit = 1 + p->texture * (0.7f * rough + 0.5f * line);
  }
  return gr_color_scale(p->color, gr_most(lit, 0));
}

void gr_patch_lay(gr_canvas *canvas, const gr_patch *p, const gr_lattice *noise, const gr_light *light,
                  float shadow, float high) {
  const int size = canvas->size;
  float reach_x = fabsf(p->length * p->cosine) + fabsf(p->width * p->sine) + fabsf(high) + 2;
  float reach_y = fabsf(p->length * p->sine) + fabsf(p->width * p->cosine) + fabsf(high) + 2;
  float last = (float)size;
  int left = (int)gr_clamp(p->x - reach_x, 0, last), right = (int)gr_clamp(p->x + reach_x + 1, 0, last);
  int top = (int)gr_clamp(p->y - reach_y, 0, last), bottom = (int)gr_clamp(p->y + reach_y + 1, 0, last);
  float level = sqrtf(light->toward.x * light->toward.x + light->toward.y * light->toward.y) + 1e-6f;
  float shift_x = -high * light->toward.x / level, shift_y = -high * light->toward.y / level;
  float soft = gr_most(0.6f * high, 0.7f);
  for (int i = top; i < bottom; i++)
    for (int j = left; j < right; j++) {
      float dx = (float)j + 0.5f - p->x, dy = (float)i + 0.5f - p->y;
      gr_color *c = &canvas->at[i * size + j];
      if (shadow > 0) {
        float sx = dx - shift_x, sy = dy - shift_y;
        float depth = inside(p, sx * p->cosine + sy * p->sine, -sx * p->sine + sy * p->cosine);
        *c = gr_color_scale(*c, 1 - shadow * gr_smooth((depth + soft) / (2 * soft)));
      }
      float along = dx * p->cosine + dy * p->sine, across = -dx * p->sine + dy * p->cosine;
      float depth = inside(p, along, across);
      if (p->torn > 0 && depth < p->torn * p->width && depth > -1)
        depth -= p->torn * p->width *
                 gr_lattice_at(noise, 5 * along / p->width + p->texture_at, 5 * across / p->width);
      float cover = gr_clamp(depth + 0.5f, 0, 1);
      if (cover > 0) *c = gr_color_mix(*c, patch_color(p, noise, light, along, across), cover);
    }
}

static const gr_color litter_hues[] = {
    {.55f, .36f, .15f}, {.70f, .52f, .20f}, {.38f, .46f, .18f}, {.62f, .22f, .14f},  // leaves
    {.60f, .58f, .55f}, {.85f, .85f, .82f}, {.30f, .45f, .75f}, {.75f, .30f, .30f},  // stones, paper, plastic
};
#define N_LITTER_HUES ((int)(sizeof litter_hues / sizeof litter_hues[0]))

gr_patch gr_patch_litter(gr_dice *d, int size) {
  gr_patch p = {.shape = (gr_patch_shape)gr_dice_pick(d, GR_N_PATCH_SHAPES)};
  const float unit = (float)size;
  p.x = gr_dice_between(d, 0, unit);
  p.y = gr_dice_between(d, 0, unit);
  p.length = unit * gr_dice_between(d, 0.012f, 0.075f);
  p.width = p.length * gr_dice_between(d, 0.2f, 0.8f);
  if (gr_dice_chance(d, 0.2f)) {  // a twig, a straw
    p.shape = GR_PATCH_SHEET;
    p.length *= 2;
    p.width = unit * 0.009f;
  }
  gr_patch_turn(&p, gr_dice_between(d, 0, 6.2832f));
  gr_color hue = litter_hues[gr_dice_pick(d, N_LITTER_HUES)];
  p.color = gr_color_of_tone(gr_dice_between(d, 0.12f, 0.9f), hue, 0.7f);
  p.texture = gr_dice_between(d, 0.2f, 0.8f);
  p.torn = p.shape == GR_PATCH_SHEET ? 0.2f : 0;
  p.texture_at = gr_dice_between(d, 0, 20);
  return p;
}

void gr_grass_lay(gr_canvas *canvas, gr_dice *d, const gr_lattice *noise, const gr_light *light, int count,
                  float x, float y, float reach_x, float reach_y) {
  const float unit = (float)canvas->size;
  for (int i = 0; i < count; i++) {
    gr_patch p = {.shape = GR_PATCH_LEAF};
    p.x = x + gr_dice_about(d, reach_x);
    p.y = y + gr_dice_about(d, reach_y);
    p.length = unit * gr_dice_between(d, 0.04f, 0.11f);
    p.width = unit * gr_dice_between(d, 0.007f, 0.014f);
    float upright = 1.57f + gr_dice_about(d, 0.7f);
    gr_patch_turn(&p, upright + gr_dice_about(d, 0.7f));
    gr_color hue = gr_color_mix((gr_color){.36f, .52f, .14f}, (gr_color){.62f, .58f, .28f}, gr_dice_throw(d));
    p.color = gr_color_of_tone(gr_dice_between(d, 0.22f, 0.62f), hue, 0.9f);
    p.texture = 0.3f;
    p.texture_at = p.x;
    gr_patch_lay(canvas, &p, noise, light, 0.25f, 0.012f * unit);
  }
}

// ---- ground ----

typedef struct ground {
  gr_color color;
  float coarse, fine, speckle;                        // contrast of clouds, of grain, of single dots
  float stretch, cosine, sine;                        // a direction that planks and ripples have
  float ripples;                                      // of sand
  float joint_every, joint_width, joint_dark, shift;  // tiles, planks: part of the picture's size
  bool rows_only;                                     // planks
  float stones;                                       // size of pebbles that lie side by side
} ground;

enum { ASPHALT, SAND, CONCRETE, TILES, PLANKS, SOIL, GRAVEL, GRASS, N_GROUNDS };

static ground draw_ground(gr_dice *d, int kind, float contrast) {
  static const struct {
    gr_color hue;
    float low, high, coarse, fine, speckle;
  } kinds[N_GROUNDS] = {
      [ASPHALT] = {{.48f, .50f, .52f}, .24f, .52f, .10f, .10f, .22f},
      [SAND] = {{.72f, .60f, .40f}, .52f, .74f, .08f, .06f, .08f},
      [CONCRETE] = {{.62f, .61f, .57f}, .42f, .72f, .14f, .06f, .04f},
      [TILES] = {{.66f, .56f, .48f}, .36f, .74f, .07f, .05f, .03f},
      [PLANKS] = {{.62f, .44f, .26f}, .30f, .62f, .10f, .14f, .02f},
      [SOIL] = {{.45f, .33f, .22f}, .22f, .44f, .18f, .16f, .12f},
      [GRAVEL] = {{.58f, .55f, .50f}, .36f, .62f, .08f, .06f, .04f},
      [GRASS] = {{.40f, .52f, .20f}, .28f, .48f, .16f, .16f, .04f},
  };
  float angle = gr_dice_between(d, 0, 3.1416f);
  ground g = {.stretch = 1, .cosine = cosf(angle), .sine = sinf(angle), .shift = gr_dice_throw(d)};
  float strength = gr_dice_between(d, 0.5f, 1), tone = gr_dice_between(d, kinds[kind].low, kinds[kind].high);
  g.color = gr_color_of_tone(tone, kinds[kind].hue, strength);
  g.coarse = contrast * kinds[kind].coarse * gr_dice_between(d, 0.5f, 1.5f);
  g.fine = contrast * kinds[kind].fine * gr_dice_between(d, 0.5f, 1.5f);
  g.speckle = contrast * kinds[kind].speckle * gr_dice_between(d, 0.5f, 1.5f);
  float wide = gr_dice_between(d, 0.2f, 0.55f), joint = gr_dice_between(d, 0.012f, 0.028f);
  float dark = gr_dice_between(d, -0.4f, 0.25f), pebble = gr_dice_between(d, 0.05f, 0.11f);
  if (kind == TILES || kind == PLANKS) {
    g.joint_every = wide;
    g.joint_width = joint;
    g.joint_dark = contrast * (kind == PLANKS ? 0.4f : dark);
    g.rows_only = kind == PLANKS;
    if (kind == PLANKS) g.stretch = 7;
  }
  if (kind == SAND) g.ripples = contrast * 0.05f;
  if (kind == GRAVEL) g.stones = pebble;
  return g;
}

// Pebbles side by side: the nearest of points that lie one in each cell of a grid.
static float stones_tone(const gr_lattice *noise, float x, float y) {
  int ci = (int)(y + 64), cj = (int)(x + 64);
  float best = 9, second = 9, tone = 0;
  x += 64;
  y += 64;
  for (int i = ci - 1; i <= ci + 1; i++)
    for (int j = cj - 1; j <= cj + 1; j++) {
      int a = i & (GR_LATTICE - 1), b = j & (GR_LATTICE - 1);
      float py = (float)i + noise->value[a][b], px = (float)j + noise->value[b][a];
      float apart = (px - x) * (px - x) + (py - y) * (py - y);
      if (apart < best) {
        second = best;
        best = apart;
        tone = noise->value[a][(b + 7) & (GR_LATTICE - 1)] - 0.5f;
      } else if (apart < second) {
        second = apart;
      }
    }
  float rim = sqrtf(second) - sqrtf(best);  // 0 between two stones
  return 0.35f * tone + 0.5f * (gr_smooth(rim * 2.5f) - 0.75f);
}

// 1 on a joint, 0 beside it; `soft` is half a pixel.
static float joint_at(const ground *g, float p, float soft) {
  float x = p / g->joint_every + 64 + g->shift, off = (x - (float)(int)x) * g->joint_every;
  off = gr_least(off, g->joint_every - off);
  return gr_clamp((g->joint_width / 2 - off) / (2 * soft) + 0.5f, 0, 1);
}

void gr_ground_lay(gr_canvas *canvas, gr_dice *d, const gr_lattice *noise, float contrast) {
  const int size = canvas->size, kind = gr_dice_pick(d, N_GROUNDS);
  const ground g = draw_ground(d, kind, contrast);
  const float pixel = 1 / (float)size;
  for (int i = 0; i < size; i++)
    for (int j = 0; j < size; j++) {
      float x = ((float)j + 0.5f) * pixel, y = ((float)i + 0.5f) * pixel;
      float p = x * g.cosine + y * g.sine, q = -x * g.sine + y * g.cosine;
      float tone = 1 + 2 * g.coarse * (gr_lattice_at(noise, 4 * p, 4 * q) - 0.5f);
      tone += 2 * g.fine * (gr_lattice_at(noise, 24 * p / g.stretch + 7, 24 * q + 3) - 0.5f);
      if (g.speckle > 0) {  // dots of one place on the lattice, not joined
        float dot = gr_lattice_at(noise, 50 * x + 13.5f, 50 * y + 5.5f);
        tone += 1.6f * g.speckle * (dot - 0.5f);
      }
      if (g.ripples > 0) tone += g.ripples * sinf(45 * p + 5 * gr_lattice_at(noise, 3 * q, 3 * p));
      if (g.stones > 0) tone += contrast * stones_tone(noise, x / g.stones, y / g.stones);
      if (g.joint_every > 0) {
        float joint = joint_at(&g, q, pixel / 2);
        if (!g.rows_only) joint = gr_most(joint, joint_at(&g, p, pixel / 2));
        // Each tile or plank has a tone of its own.
        int row = (int)(q / g.joint_every + 64 + g.shift), column = (int)(p / g.joint_every + 64 + g.shift);
        float own = noise->value[row & (GR_LATTICE - 1)][g.rows_only ? 0 : column & (GR_LATTICE - 1)] - 0.5f;
        tone += contrast * 0.16f * own;
        tone *= 1 - joint * g.joint_dark;
      }
      canvas->at[i * size + j] = gr_color_scale(g.color, gr_most(tone, 0.1f));
    }
  if (kind == GRASS) {
    const gr_light even = gr_light_from(0.8f, 1, 0.4f);
    const float half = (float)size / 2;
    gr_grass_lay(canvas, d, noise, &even, (int)(90 * gr_clamp(contrast, 0.5f, 1.5f)), half, half, half, half);
  }
}
