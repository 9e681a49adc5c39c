#include "data/waste_things.h"

const char *gr_thing_name(gr_thing_kind kind) {
  static const char *const names[GR_N_THINGS] = {
      [GR_THING_PET] = "PET bottle",
      [GR_THING_WATER_BOTTLE] = "water bottle",
      [GR_THING_BEER_BOTTLE] = "beer bottle",
      [GR_THING_WINE_BOTTLE] = "wine bottle",
      [GR_THING_SQUAT_BOTTLE] = "squat bottle",
      [GR_THING_JAR_BOTTLE] = "wide-necked bottle",
      [GR_THING_FLASK] = "flask",
      [GR_THING_CAN] = "drink can",
      [GR_THING_CUP] = "cup",
      [GR_THING_CARTON] = "carton",
      [GR_THING_PAPER] = "crumpled paper",
      [GR_THING_BAG] = "bag",
      [GR_THING_TIN] = "tin",
      [GR_THING_TUMBLER] = "tumbler",
      [GR_THING_BRICK] = "drink carton",
      [GR_THING_BOX] = "box",
      [GR_THING_ROLL] = "cardboard roll",
      [GR_THING_WRAPPER] = "wrapper",
  };
  return names[kind];
}

gr_thing_kind gr_thing_pick(bool bottle, float variation, gr_dice *d) {
  int first = bottle ? GR_THING_PET : GR_FIRST_OTHER_THING;
  int n = (bottle ? GR_FIRST_OTHER_THING : GR_N_THINGS) - first, common = bottle ? 1 : 7;
  bool any = gr_dice_chance(d, variation);
  float u = gr_dice_throw(d);
  return (gr_thing_kind)(first + (int)(u * (float)(any ? n : common)));
}

// ---- outlines ----

// A measure between two bounds, near their middle when there is little variation.
static float measure(gr_dice *d, float variation, float low, float high) {
  float middle = (low + high) / 2;
  return middle + (gr_dice_throw(d) - 0.5f) * (high - low) * (0.25f + 0.75f * variation);
}

static void shape_bottle(gr_mesh *m, int make, float variation, gr_dice *d) {
  // Half-widths and places along the axis from 0, the top, to 1, the bottom.
  static const struct {
    float body[2], neck[2], widening, neck_end[2], shoulder_end[2], steep[2], waist, ribs, flat, cap;
  } makes[] = {
      [GR_THING_PET] =
          {{.27f, .31f}, {.095f, .115f}, 1.0f, {.12f, .15f}, {.34f, .42f}, {.8f, 1.0f}, .10f, .03f, 1, .07f},
      [GR_THING_WATER_BOTTLE] =
          {{.25f, .30f}, {.09f, .11f}, 1.0f, {.11f, .14f}, {.26f, .34f}, {.7f, .9f}, .16f, .06f, 1, .06f},
      [GR_THING_BEER_BOTTLE] =
          {{.25f, .29f}, {.085f, .10f}, 1.25f, {.27f, .34f}, {.50f, .58f}, {1.0f, 1.2f}, 0, 0, 1, .03f},
      [GR_THING_WINE_BOTTLE] =
          {{.25f, .29f}, {.09f, .11f}, 1.1f, {.28f, .34f}, {.40f, .46f}, {.6f, .8f}, 0, 0, 1, .09f},
      [GR_THING_SQUAT_BOTTLE] =
          {{.38f, .46f}, {.12f, .15f}, 1.0f, {.20f, .26f}, {.32f, .40f}, {.5f, .8f}, 0, 0, .7f, .10f},
      [GR_THING_JAR_BOTTLE] =
          {{.34f, .40f}, {.19f, .23f}, 1.0f, {.15f, .19f}, {.32f, .40f}, {.7f, .9f}, 0, 0, 1, .10f},
      [GR_THING_FLASK] =
          {{.32f, .40f}, {.11f, .14f}, 1.0f, {.19f, .24f}, {.30f, .38f}, {.5f, .7f}, .05f, 0, .55f, .15f},
  };
  const float v = variation;
  float body = measure(d, v, makes[make].body[0], makes[make].body[1]);
  float neck = measure(d, v, makes[make].neck[0], makes[make].neck[1]);
  float neck_end = measure(d, v, makes[make].neck_end[0], makes[make].neck_end[1]) * 2 - 1;
  float shoulder = measure(d, v, makes[make].shoulder_end[0], makes[make].shoulder_end[1]) * 2 - 1;
  float steep = measure(d, v, makes[make].steep[0], makes[make].steep[1]);
  float cap_end = -1 + 2 * makes[make].cap, cap = neck * 1.16f;
  bool capped = gr_dice_chance(d, 0.75f);
  gr_mesh_start(m, makes[make].flat < 1 ? 3 : 2, 0.8f);
  if (capped) {
    gr_mesh_ring(m, -1, 0, 0, GR_PART_TOP);
    gr_mesh_ring(m, -1, cap * 0.94f, cap * 0.94f, GR_PART_TOP);
    gr_mesh_ring(m, -0.985f, cap, cap, GR_PART_TOP);
    gr_mesh_ring(m, cap_end, cap, cap, GR_PART_TOP);
    gr_mesh_ring(m, cap_end, neck, neck, GR_PART_BODY);
  } else {  // an open mouth with a lip
    gr_mesh_ring(m, -0.75f, 0, 0, GR_PART_INSIDE);
    gr_mesh_ring(m, -0.75f, neck * 0.7f, neck * 0.7f, GR_PART_INSIDE);
    gr_mesh_ring(m, -1, neck * 0.8f, neck * 0.8f, GR_PART_BODY);
    gr_mesh_ring(m, -1, neck * 1.08f, neck * 1.08f, GR_PART_BODY);
    gr_mesh_ring(m, -0.94f, neck * 1.08f, neck * 1.08f, GR_PART_BODY);
    gr_mesh_ring(m, -0.93f, neck, neck, GR_PART_BODY);
    cap_end = -0.9f;
  }
  if (makes[make].ribs > 0) {  // the ring below a screw cap
    gr_mesh_ring(m, cap_end + 0.02f, neck * 1.22f, neck * 1.22f, GR_PART_BODY);
    gr_mesh_ring(m, cap_end + 0.04f, neck * 1.22f, neck * 1.22f, GR_PART_BODY);
    gr_mesh_ring(m, cap_end + 0.05f, neck, neck, GR_PART_BODY);
  }
  float widened = neck * makes[make].widening;
  if (neck_end > cap_end + 0.06f) gr_mesh_ring(m, neck_end, widened, widened, GR_PART_BODY);
  gr_mesh_curve(m, shoulder, body, 11, steep, GR_PART_BODY);
  float waist = makes[make].waist * measure(d, v, 0.3f, 1.2f),
        ribs = makes[make].ribs * measure(d, v, 0, 1.5f);
  float waist_at = measure(d, v, 0.05f, 0.4f);
  enum { BODY = 16 };
  for (int i = 1; i <= BODY; i++) {
    float y = gr_mix(shoulder, 0.92f, (float)i / BODY);
    float narrow = 1 - waist * gr_smooth(1 - fabsf(y - waist_at) / 0.3f) - (i & 1 ? ribs : 0);
    gr_mesh_ring(m, y, body * narrow, body * narrow, GR_PART_BODY);
  }
  gr_mesh_round(m, 1, 4, GR_PART_BODY);
  gr_mesh_flatten(m, 0.2f, 1e3f, 1 - makes[make].flat);
}

// A vessel from its rim (or its lid) to its bottom.
static void shape_vessel(gr_mesh *m, float top, float bottom, bool open, float shoulder, float ribs) {
  const float sunk = 0.96f;
  if (open) {
    gr_mesh_ring(m, 0.9f, 0, 0, GR_PART_INSIDE);
    gr_mesh_ring(m, 0.9f, bottom * 0.93f, bottom * 0.93f, GR_PART_INSIDE);
    gr_mesh_ring(m, -1, top * sunk, top * sunk, GR_PART_BODY);
    gr_mesh_ring(m, -1, top * 1.03f, top * 1.03f, GR_PART_BODY);
    gr_mesh_ring(m, -0.94f, top * 1.03f, top * 1.03f, GR_PART_BODY);
    gr_mesh_ring(m, -0.93f, top, top, GR_PART_BODY);
  } else {
    float lid = top * shoulder;
    gr_mesh_ring(m, -0.95f, 0, 0, GR_PART_TOP);
    gr_mesh_ring(m, -0.95f, lid * 0.88f, lid * 0.88f, GR_PART_TOP);
    gr_mesh_ring(m, -1, lid * 0.93f, lid * 0.93f, GR_PART_TOP);
    gr_mesh_ring(m, -1, lid, lid, GR_PART_TOP);
    gr_mesh_ring(m, -0.95f, lid, lid, GR_PART_BODY);
    if (shoulder < 1) gr_mesh_ring(m, -0.80f, top, top, GR_PART_BODY);
  }
  enum { WALL = 18 };
  float first = m->along[m->rings - 1], last = shoulder < 1 ? 0.88f : 0.97f;
  for (int i = 1; i <= WALL; i++) {
    float y = gr_mix(first, last, (float)i / WALL), r = gr_mix(top, bottom, (y + 1) / 2);
    if (ribs > 0 && i > 3 && i < WALL - 3 && i & 1) r *= 1 - ribs;
    gr_mesh_ring(m, y, r, r, GR_PART_BODY);
  }
  float foot = bottom * (shoulder < 1 ? shoulder - 0.04f : 0.97f);
  gr_mesh_ring(m, 1, foot, foot, GR_PART_BODY);
  gr_mesh_ring(m, 0.97f, foot * 0.85f, foot * 0.85f, GR_PART_BODY);
  gr_mesh_ring(m, 0.93f, 0, 0, GR_PART_BODY);
}

// With flat walls: a roof of this length narrows to a fin in z, or there is none.
static void shape_box(gr_mesh *m, float x, float z, float roof) {
  enum { WALL = 14 };
  gr_mesh_start(m, 14, 0.8f);
  float shoulder = -1;
  if (roof > 0) {
    float fin = 0.13f;
    shoulder = -1 + roof;
    gr_mesh_ring(m, -1, x * 0.98f, 0.012f, GR_PART_TOP);
    gr_mesh_ring(m, -1 + fin, x * 0.98f, 0.012f, GR_PART_BODY);
  } else {
    gr_mesh_ring(m, -1, 0, 0, GR_PART_TOP);
  }
  for (int i = 0; i <= WALL; i++) gr_mesh_ring(m, gr_mix(shoulder, 1, (float)i / WALL), x, z, GR_PART_BODY);
  gr_mesh_ring(m, 1, 0, 0, GR_PART_BODY);
}

static void shape_roll(gr_mesh *m, float r) {
  gr_mesh_start(m, 2, 0.8f);
  gr_mesh_ring(m, 0.99f, r * 0.9f, r * 0.9f, GR_PART_INSIDE);
  gr_mesh_ring(m, -1, r * 0.9f, r * 0.9f, GR_PART_BODY);
  for (int i = 0; i <= 14; i++) gr_mesh_ring(m, gr_mix(-1, 1, (float)i / 14), r, r, GR_PART_BODY);
  gr_mesh_ring(m, 1, r * 0.9f, r * 0.9f, GR_PART_INSIDE);
  gr_mesh_ring(m, -0.99f, r * 0.9f, r * 0.9f, GR_PART_INSIDE);
}

static void shape_ball(gr_mesh *m, float x, float z, float cross, float smooth) {
  enum { RINGS = 26 };
  gr_mesh_start(m, cross, smooth);
  for (int i = 0; i <= RINGS; i++) {
    float angle = 3.14159265f * (float)i / RINGS, r = i == 0 || i == RINGS ? 0 : sinf(angle);
    gr_mesh_ring(m, -cosf(angle), x * r, z * r, GR_PART_BODY);
  }
}

static void shape_bag(gr_mesh *m, float x, float z, gr_dice *d) {
  // Tied: a bunch of film above, folds below.
  float knot = gr_dice_between(d, -0.8f, -0.62f), tie = gr_dice_between(d, 0.1f, 0.22f);
  float flare = gr_dice_between(d, 0.4f, 0.65f);
  gr_mesh_start(m, 2, 0.9f);
  gr_mesh_ring(m, -1, 0, 0, GR_PART_BODY);
  gr_mesh_ring(m, -0.98f, flare, flare * 0.5f, GR_PART_BODY);
  gr_mesh_ring(m, -0.9f, flare * 0.85f, flare * 0.5f, GR_PART_BODY);
  gr_mesh_ring(m, gr_mix(-1, knot, 0.6f), gr_mix(flare, tie, 0.7f), tie, GR_PART_BODY);
  gr_mesh_ring(m, knot, tie, tie, GR_PART_BODY);
  enum { RINGS = 20 };
  for (int i = 1; i <= RINGS; i++) {
    float t = (float)i / RINGS, r = sinf(3.14159265f * powf(t * 0.97f, 0.8f));
    r = i == RINGS ? 0 : gr_mix(tie, 1, powf(gr_most(r, 0), 0.55f)) * (i > RINGS - 2 ? 0.7f : 1);
    gr_mesh_ring(m, gr_mix(knot, 1, t), x * r, z * r, GR_PART_BODY);
  }
}

static void shape_wrapper(gr_mesh *m, float x, float z) {
  enum { RINGS = 22 };
  gr_mesh_start(m, 3, 0.85f);
  for (int i = 0; i <= RINGS; i++) {
    float t = (float)i / RINGS, y = 2 * t - 1, puff = gr_smooth(gr_least(t, 1 - t) / 0.3f - 0.25f);
    gr_mesh_ring(m, y, x * (1 - 0.1f * puff), 0.012f + z * puff, GR_PART_BODY);
  }
}

// By a noise of its own, whatever else was drawn.
static void crumple(gr_mesh *m, float fine, float depth, const gr_dice *d) {
  gr_dice folds = {gr_stream_derive(d->stream, 1), 0};
  gr_lattice noise;
  gr_lattice_fill(&noise, &folds);
  gr_mesh_crumple(m, &noise, fine, depth);
}

void gr_thing_shape(gr_mesh *m, gr_thing_kind kind, float v, gr_dice *d) {
  gr_mesh_start(m, 2, 0.8f);
  switch (kind) {
    case GR_THING_CAN: {
      float r = measure(d, v, 0.35f, 0.52f);
      shape_vessel(m, r, r, false, 0.84f, 0);
      break;
    }
    case GR_THING_TIN: {
      float r = measure(d, v, 0.52f, 0.85f);
      shape_vessel(m, r, r, gr_dice_chance(d, 0.4f), 1, 0.035f);
      break;
    }
    case GR_THING_CUP:
    case GR_THING_TUMBLER: {
      float top = kind == GR_THING_CUP ? measure(d, v, 0.44f, 0.64f) : measure(d, v, 0.34f, 0.48f);
      float bottom = top * measure(d, v, 0.62f, 0.80f);
      shape_vessel(m, top, bottom, kind == GR_THING_TUMBLER || gr_dice_chance(d, 0.65f), 1,
                   kind == GR_THING_TUMBLER ? 0.03f : 0);
      break;
    }
    case GR_THING_CARTON: {
      float roof = measure(d, v, 0.42f, 0.58f), z = measure(d, v, 0.28f, 0.40f);
      shape_box(m, measure(d, v, 0.30f, 0.44f), z, roof);
      break;
    }
    case GR_THING_BRICK: {
      float z = measure(d, v, 0.16f, 0.32f);
      shape_box(m, measure(d, v, 0.25f, 0.42f), z, 0);
      break;
    }
    case GR_THING_BOX: {
      float z = measure(d, v, 0.25f, 0.7f);
      shape_box(m, measure(d, v, 0.6f, 1.0f), z, 0);
      break;
    }
    case GR_THING_ROLL: shape_roll(m, measure(d, v, 0.20f, 0.34f)); break;
    case GR_THING_PAPER: {
      float z = measure(d, v, 0.4f, 0.8f);
      shape_ball(m, measure(d, v, 0.42f, 0.95f), z, 2, 0.97f);
      crumple(m, 2.6f, 0.42f, d);
      break;
    }
    case GR_THING_BAG: {
      float z = measure(d, v, 0.35f, 0.6f), x = measure(d, v, 0.48f, 0.8f);
      shape_bag(m, x, z, d);
      crumple(m, 2.8f, 0.34f, d);
      break;
    }
    case GR_THING_WRAPPER: {
      float z = measure(d, v, 0.08f, 0.16f);
      shape_wrapper(m, measure(d, v, 0.26f, 0.6f), z);
      crumple(m, 3.0f, 0.10f, d);
      break;
    }
    default: shape_bottle(m, (int)kind, v, d); break;
  }
}

// ---- surfaces ----

static const gr_color hues[] = {
    {.60f, .62f, .64f}, {.30f, .60f, .35f}, {.62f, .40f, .18f}, {.35f, .50f, .80f}, {.80f, .25f, .22f},
    {.85f, .70f, .25f}, {.70f, .72f, .72f}, {.75f, .60f, .45f}, {.30f, .62f, .70f}, {.62f, .35f, .60f},
};
#define N_HUES ((int)(sizeof hues / sizeof hues[0]))

static gr_color any_color(gr_dice *d, float tone) {
  gr_color hue = hues[gr_dice_pick(d, N_HUES)];
  return gr_color_of_tone(tone, hue, gr_dice_between(d, 0.2f, 0.9f));
}

static bool holds_drink(gr_thing_kind kind) {
  return kind < GR_FIRST_OTHER_THING || kind == GR_THING_CAN || kind == GR_THING_CUP ||
         kind == GR_THING_TUMBLER || kind == GR_THING_CARTON || kind == GR_THING_TIN ||
         kind == GR_THING_BRICK;
}

void gr_thing_surface(gr_surface *s, gr_thing_kind kind, float v, float ground_tone, float contrast,
                      gr_dice *d) {
  *s = (gr_surface){.label_from = 2, .label_to = 2, .level = 2};
  float tone = gr_dice_between(d, 0.14f, 0.86f), side = gr_dice_throw(d) < 0.5f ? 1 : -1;
  if (fabsf(tone - ground_tone) < contrast) {
    tone = ground_tone + side * contrast;
    if (tone < 0.10f || tone > 0.92f) tone = ground_tone - side * contrast;
  }
  s->body = any_color(d, tone);
  bool clear = gr_dice_chance(d, 0.5f);
  float how_clear = gr_dice_between(d, 0.22f, 0.62f);
  s->opacity = clear ? how_clear : 1;
  s->edge_dark = gr_dice_between(d, 0.3f, 0.7f);
  s->gloss = gr_dice_chance(d, 0.75f) ? gr_dice_between(d, 0.3f, 1) : 0.08f;
  // Round things always have a highlight, flat and dull ones seldom: it is evened out, or the brightest pixel
  // of a picture would tell the classes apart.
  static const float glossy[GR_N_THINGS] = {
      [GR_THING_CAN] = 0.75f, [GR_THING_CUP] = 0.9f,   [GR_THING_CARTON] = 0.9f,  [GR_THING_PAPER] = 1.1f,
      [GR_THING_BAG] = 1.1f,  [GR_THING_BRICK] = 1.2f, [GR_THING_ROLL] = 1.2f,    [GR_THING_TIN] = 1.1f,
      [GR_THING_TUMBLER] = 1, [GR_THING_BOX] = 1.3f,   [GR_THING_WRAPPER] = 0.9f,
  };
  s->gloss *= kind < GR_FIRST_OTHER_THING ? 0.8f : glossy[kind];
  bool metal = gr_dice_chance(d, 0.3f);
  s->metal = metal && !clear ? gr_dice_between(d, 0.2f, 0.7f) : 0;
  s->top = any_color(d, gr_dice_between(d, 0.12f, 0.9f));
  bool labelled = gr_dice_chance(d, 0.6f);
  float from = gr_dice_between(d, -0.25f, 0.2f), length = gr_dice_between(d, 0.35f, 0.6f);
  float at = gr_dice_throw(d), patch = gr_dice_between(d, 0.14f, 0.24f),
        half = gr_dice_chance(d, 0.6f) ? 0.5f : patch;
  if (kind == GR_THING_PAPER || kind == GR_THING_BAG) half = patch;
  gr_color label = any_color(d, gr_dice_between(d, 0.2f, 0.92f)),
           ink = any_color(d, gr_dice_between(d, 0.1f, 0.8f));
  s->print = gr_dice_between(d, 0.3f, 0.9f);
  if (labelled) {
    s->label_from = from;
    s->label_to = from + length;
    s->label_at = at;
    s->label_half = half;
    s->label = label;
    s->ink = ink;
  }
  bool filled = gr_dice_chance(d, 0.35f);
  float level = gr_dice_between(d, -0.1f, 0.8f);
  s->filling = any_color(d, gr_mix(tone, gr_dice_between(d, 0.1f, 0.8f), 0.5f));
  if (filled && clear && holds_drink(kind)) s->level = level;
  float ribs = gr_dice_between(d, 0.1f, 0.3f), waves = gr_dice_between(d, 14, 30);
  if (gr_dice_chance(d, 0.25f * (0.4f + v))) {
    s->ribs = ribs;
    s->rib_waves = waves;
  }
  float creases = gr_dice_between(d, 0.2f, 0.6f), bulge = gr_dice_between(d, 0.15f, 0.5f);
  if (kind == GR_THING_PAPER || kind == GR_THING_BAG || kind == GR_THING_WRAPPER) s->creases = creases;
  if (kind == GR_THING_CARTON || kind == GR_THING_BRICK || kind == GR_THING_BOX) s->bulge = bulge;
  gr_lattice_fill(&s->relief, d);
}
