// The scene of a picture, and many pictures on all threads: see waste.h.
#include "data/waste.h"

#include "base/interrupt.h"
#include "base/mem.h"
#include "data/waste_ground.h"

// The streams of a picture. A new one goes to the end: the others keep their numbers.
enum aspect {
  KIND,
  SHAPE,
  SURFACE,
  VIEW,
  SIZE,
  PLACE,
  DAMAGE,
  COVER,
  LIGHT,
  LITTER,
  THINGS,
  GROUND,
  GRAIN,
  NOISE
};

static gr_dice dice_of(gr_stream picture, enum aspect aspect) {
  return (gr_dice){gr_stream_derive(picture, aspect), 0};
}

typedef struct scene {
  float knob[GR_N_KNOBS];
  float unit;  // the picture's side in pixels
  gr_canvas canvas;
  gr_layer layer;
  gr_light light;
  float shadow;  // how dark
  gr_lattice noise;
  gr_mesh mesh;
  gr_surface surface;
} scene;

// ---- a thing ----

static void deform(gr_mesh *m, float knob, gr_dice *d) {
  float much = knob * gr_dice_between(d, 0.5f, 1.1f);
  float bend = gr_dice_about(d, 1.9f), flat = gr_dice_between(d, 0.2f, 0.8f),
        at = gr_dice_between(d, -0.4f, 0.7f);
  float reach = gr_dice_between(d, 0.5f, 1.6f), shorter = gr_dice_between(d, 0, 0.75f);
  float twist = gr_dice_about(d, 1.8f), side = gr_dice_between(d, 0, 6.2832f);
  if (much <= 0) return;
  gr_mesh_spin(m, side);
  gr_mesh_shorten(m, at, 0.8f, much * shorter);
  gr_mesh_flatten(m, at, reach, much * flat);
  gr_mesh_twist(m, much * twist);
  for (int i = 0; i < 5; i++) {
    float where = gr_dice_about(d, 0.9f), around = gr_dice_between(d, 0, 6.2832f);
    float wide = gr_dice_between(d, 0.12f, 0.4f), deep = gr_dice_between(d, 0.05f, 0.3f);
    gr_mesh_dent(m, where, around, wide, much * deep);
  }
  gr_lattice folds;
  gr_lattice_fill(&folds, d);
  gr_mesh_crumple(m, &folds, 3.2f, 0.16f * much);
  gr_mesh_spin(m, -side);
  gr_mesh_bend(m, much * bend);
}

static void turn(gr_mesh *m, float knob, gr_dice *d) {
  float spin = gr_dice_about(d, 3.1416f), angle = gr_dice_about(d, 1), slight = gr_dice_about(d, 0.16f);
  float tilt = gr_dice_about(d, 1), usual = gr_dice_between(d, 0.12f, 0.3f);
  gr_mesh_spin(m, spin * gr_mix(0.15f, 1, gr_smooth(2 * knob)));
  gr_mesh_turn(m, gr_clamp(usual + 1.25f * knob * tilt, -1.25f, 1.25f), slight + 3.1416f * knob * angle);
}

// The area that a thing takes of the picture is drawn, not its length: long things are not larger.
static float scale_of(gr_mesh *m, float unit, float knob, float share, gr_dice *d) {
  float usual = gr_dice_between(d, 0.85f, 1.15f), change = gr_dice_between(d, -1.5f, 0.6f);
  gr_mesh_settle(m);
  gr_extent e = gr_mesh_extent(m);
  float scale = unit * sqrtf(share / gr_most(gr_mesh_area(m), 0.05f)) * usual;
  float longest = gr_most(e.high.x - e.low.x, e.high.y - e.low.y);
  scale = gr_least(scale, 0.94f * unit / longest);
  return scale * exp2f(knob * change);
}

// Somewhere where it is seen whole; one that is too large has its middle near the picture's.
static void place(gr_mesh *m, float unit, float scale, gr_dice *d) {
  const float perspective = 0.12f;
  float right = gr_dice_about(d, 1), down = gr_dice_about(d, 1);
  gr_mesh_place(m, scale, 0, 0, perspective);
  gr_extent e = gr_mesh_extent(m);
  float room_x = (unit - (e.high.x - e.low.x)) / 2, room_y = (unit - (e.high.y - e.low.y)) / 2;
  room_x = gr_most(fabsf(room_x) * (room_x < 0 ? 0.5f : 1), 0.02f * unit);
  room_y = gr_most(fabsf(room_y) * (room_y < 0 ? 0.5f : 1), 0.02f * unit);
  float x = unit / 2 + right * room_x - (e.low.x + e.high.x) / 2;
  float y = unit / 2 + down * room_y - (e.low.y + e.high.y) / 2;
  gr_mesh_move(m, x, y);
}

// The mean tone of the canvas.
static float tone_of(const gr_canvas *canvas) {
  float sum = 0;
  int n = canvas->size * canvas->size;
  for (int i = 0; i < n; i++) sum += gr_color_tone(canvas->at[i]);
  return sum / (float)n;
}

static void lay_thing(scene *s) {
  gr_mesh_settle(&s->mesh);
  float dark = s->shadow * (0.4f + 0.6f * s->surface.opacity);
  gr_layer_shadow(&s->layer, &s->canvas, &s->mesh, s->light.toward, dark, 0.02f * s->unit);
  gr_layer_draw(&s->layer, &s->canvas, &s->mesh, &s->surface, &s->light, 0.3f, 0.035f * s->unit);
}

// ---- clutter ----

static void lay_clutter(scene *s, gr_stream picture, float ground_tone) {
  const float knob = s->knob[GR_KNOB_CLUTTER];
  gr_dice litter = dice_of(picture, LITTER), things = dice_of(picture, THINGS);
  int n = (int)(knob * gr_dice_between(&litter, 10, 46));
  for (int i = 0; i < n; i++) {
    gr_patch p = gr_patch_litter(&litter, s->canvas.size);
    gr_patch_lay(&s->canvas, &p, &s->noise, &s->light, 0.6f * s->shadow, 0.012f * s->unit);
  }
  int others = (int)(knob * gr_dice_between(&things, 0.6f, 4.4f));
  for (int i = 0; i < others; i++) {
    gr_dice d = {gr_stream_derive(things.stream, (uint64_t)i), 0};
    gr_thing_kind kind = gr_thing_pick(false, 1, &d);
    gr_thing_shape(&s->mesh, kind, 0.7f, &d);
    gr_thing_surface(&s->surface, kind, 0.7f, ground_tone, 0.1f, &d);
    deform(&s->mesh, 0.4f, &d);
    turn(&s->mesh, 0.6f, &d);
    float scale = scale_of(&s->mesh, s->unit, 0, gr_dice_between(&d, 0.02f, 0.09f), &d);
    float y = gr_dice_between(&d, 0, s->unit), x = gr_dice_between(&d, 0, s->unit);
    gr_mesh_place(&s->mesh, scale, x, y, 0.1f);
    lay_thing(s);
  }
}

// ---- what covers the thing ----

// Moves the thing out of the picture, until `part` of its length or width is cut off.
static void push_out(gr_mesh *m, float unit, float part, gr_dice *d) {
  gr_extent e = gr_mesh_extent(m);
  int side = gr_dice_pick(d, 4);
  float wide = e.high.x - e.low.x, tall = e.high.y - e.low.y, x = 0, y = 0;
  if (side == 0) x = -e.low.x - part * wide;
  if (side == 1) x = unit - e.high.x + part * wide;
  if (side == 2) y = -e.low.y - part * tall;
  if (side == 3) y = unit - e.high.y + part * tall;
  gr_mesh_move(m, x, y);
}

// Lays a sheet, a leaf, a plank or grass over `part` of the thing's extent in some direction.
static void lay_cover(scene *s, float part, int what, gr_dice *d) {
  enum { SHEET, LEAF, PLANK, BLADES };
  float angle = gr_dice_between(d, 0, 6.2832f), c = cosf(angle), n = sinf(angle);
  float low = 1e9f, high = -1e9f, left = 1e9f, right = -1e9f;
  for (int i = 0; i < s->mesh.rings; i++)
    for (int j = 0; j < GR_MESH_SEGMENTS; j++) {
      gr_vec3 p = s->mesh.at[i][j];
      float along = p.x * c + p.y * n, across = -p.x * n + p.y * c;
      low = gr_least(low, along);
      high = gr_most(high, along);
      left = gr_least(left, across);
      right = gr_most(right, across);
    }
  float deep = high - low, wide = right - left, across = (left + right) / 2 + gr_dice_about(d, 0.2f) * wide;
  gr_patch p = {.shape = what == LEAF ? GR_PATCH_LEAF : GR_PATCH_SHEET, .torn = what == SHEET ? 0.12f : 0};
  float more = gr_dice_between(d, 0.05f, 0.4f) * deep;  // beyond the thing
  float from = high - part * deep, to = high + more;
  p.length = wide * gr_dice_between(d, 0.55f, 0.95f);
  if (what == PLANK) {
    from = gr_mix(low, high, gr_dice_between(d, 0, 1 - part));
    to = from + part * deep;
    p.length = 2 * s->unit;
  }
  if (what == LEAF) p.length = gr_most(p.length, 0.6f * (to - from)) * 1.25f;
  p.width = (to - from) / 2;
  float along = (from + to) / 2;
  p.x = along * c - across * n;
  p.y = along * n + across * c;
  gr_patch_turn(&p, angle + 1.5708f);
  static const gr_color wood = {.60f, .45f, .28f}, leaf = {.45f, .48f, .16f};
  float strength = gr_dice_between(d, 0.2f, 1), tone = gr_dice_between(d, 0.15f, 0.85f);
  p.color = gr_color_of_tone(tone, what == LEAF ? leaf : wood, strength);
  p.texture = gr_dice_between(d, 0.4f, 1);
  p.texture_at = gr_dice_between(d, 0, 20);
  if (what == BLADES) {
    int count = (int)(500 * p.length * p.width / (s->unit * s->unit)) + 20;
    float reach_x = fabsf(p.length * p.cosine) + fabsf(p.width * p.sine);
    float reach_y = fabsf(p.length * p.sine) + fabsf(p.width * p.cosine);
    gr_grass_lay(&s->canvas, d, &s->noise, &s->light, count, p.x, p.y, 0.9f * reach_x, 0.9f * reach_y);
  } else {
    gr_patch_lay(&s->canvas, &p, &s->noise, &s->light, s->shadow, 0.03f * s->unit);
  }
}

// ---- light ----

static void draw_light(scene *s, gr_dice *d) {
  const float knob = s->knob[GR_KNOB_ILLUMINATION];
  float direction = gr_dice_between(d, 0, 6.2832f), low = gr_dice_throw(d), hard = gr_dice_throw(d);
  s->light = gr_light_from(direction, gr_mix(0.95f, 0.45f, knob * low), gr_mix(0.45f, 0.85f, knob * hard));
  s->shadow = gr_mix(0.35f, 0.7f, knob * hard);
}

// The light of the place, the exposure and the camera's noise, and into bytes.
static void expose(uint8_t *picture, const scene *s, int channels, gr_stream of_picture) {
  const float knob = s->knob[GR_KNOB_ILLUMINATION];
  gr_dice d = dice_of(of_picture, LIGHT);
  d.thrown = 16;  // beyond what draw_light takes
  float exposure = exp2f(knob * gr_dice_between(&d, -1.4f, 0.8f));
  float slope = knob * gr_dice_between(&d, 0, 1.2f), angle = gr_dice_between(&d, 0, 6.2832f);
  bool shaded = gr_dice_chance(&d, 0.8f * knob);
  float dark = 1 - knob * gr_dice_between(&d, 0.35f, 0.7f), at = gr_dice_about(&d, 0.35f);
  float edge = gr_dice_between(&d, 0, 6.2832f), soft = gr_dice_between(&d, 0.01f, 0.08f);
  float warm = knob * gr_dice_about(&d, 0.3f), haze = knob * gr_dice_between(&d, 0, 0.25f);
  float grain = gr_mix(0.012f, 0.03f, knob * gr_dice_throw(&d)) / 147.8f;
  const gr_color tint = {1 + warm, 1, 1 - warm};
  const float sx = slope * cosf(angle), sy = slope * sinf(angle), ex = cosf(edge), ey = sinf(edge);
  const int size = s->canvas.size;
  gr_stream noise = gr_stream_derive(of_picture, GRAIN);
  for (int i = 0; i < size; i++)
    for (int j = 0; j < size; j++) {
      float x = ((float)j + 0.5f) / s->unit - 0.5f, y = ((float)i + 0.5f) / s->unit - 0.5f;
      float gain = exposure * gr_most(1 + sx * x + sy * y, 0.2f);
      if (shaded) gain *= gr_mix(dark, 1, gr_smooth((ex * x + ey * y - at) / soft * 0.5f + 0.5f));
      gr_color c = s->canvas.at[i * size + j];
      c = (gr_color){gain * tint.r * c.r, gain * c.g, gain * tint.b * c.b};
      c = gr_color_mix(c, (gr_color){.75f, .75f, .75f}, haze);
      // Four bytes of one random word add up to nearly a normal number, of standard deviation 147.8.
      uint32_t word = (uint32_t)gr_stream_u64(noise, (uint64_t)(i * size + j));
      int sum = (int)(word & 255) + (int)(word >> 8 & 255) + (int)(word >> 16 & 255) + (int)(word >> 24);
      float grained = grain * (float)(sum - 510);
      int r = (int)gr_clamp(255 * (c.r + grained) + 0.5f, 0, 255);
      int g = (int)gr_clamp(255 * (c.g + grained) + 0.5f, 0, 255);
      int b = (int)gr_clamp(255 * (c.b + grained) + 0.5f, 0, 255);
      uint8_t *out = picture + (i * size + j) * channels;
      if (channels == 3) {
        out[0] = (uint8_t)r;
        out[1] = (uint8_t)g;
        out[2] = (uint8_t)b;
      } else {
        out[0] = (uint8_t)((299 * r + 587 * g + 114 * b + 500) / 1000);  // as data.gray
      }
    }
}

// ---- pictures ----

size_t gr_waste_scratch(const gr_waste_plan *plan) {
  size_t pixels = (size_t)plan->size * (size_t)plan->size;
  return sizeof(scene) + pixels * sizeof(gr_color) + gr_layer_bytes(plan->size) + 2 * GR_ALIGN;
}

static void *after(void *block, size_t bytes) {
  return (char *)block + (bytes + GR_ALIGN - 1) / GR_ALIGN * GR_ALIGN;
}

void gr_waste_draw(uint8_t *picture, gr_thing_kind *kind, const gr_waste_plan *plan, bool bottle,
                   gr_stream stream, void *scratch) {
  enum { LEAF = 1, COVERS = 4 };
  scene *s = scratch;
  const size_t pixels = (size_t)plan->size * (size_t)plan->size;
  // Half a turn of a knob is not half of the trouble yet: challenges add up, and pictures that are hard in a
  // little of each are hard.
  for (int k = 0; k < GR_N_KNOBS; k++) s->knob[k] = plan->knob[k] * plan->knob[k];
  s->unit = (float)plan->size;
  s->canvas = (gr_canvas){plan->size, after(s, sizeof *s)};
  gr_layer_init(&s->layer, plan->size, after(s->canvas.at, pixels * sizeof(gr_color)));
  gr_dice d = dice_of(stream, NOISE);
  gr_lattice_fill(&s->noise, &d);
  d = dice_of(stream, LIGHT);
  draw_light(s, &d);
  d = dice_of(stream, GROUND);
  gr_ground_lay(&s->canvas, &d, &s->noise, gr_mix(0.45f, 1.4f, s->knob[GR_KNOB_CLUTTER]));
  float ground_tone = tone_of(&s->canvas);
  lay_clutter(s, stream, ground_tone);

  const float variation = s->knob[GR_KNOB_VARIATION];
  d = dice_of(stream, KIND);
  *kind = gr_thing_pick(bottle, variation, &d);
  d = dice_of(stream, SHAPE);
  gr_thing_shape(&s->mesh, *kind, variation, &d);
  d = dice_of(stream, SURFACE);
  gr_thing_surface(&s->surface, *kind, variation, ground_tone, 0.24f, &d);
  d = dice_of(stream, DAMAGE);
  deform(&s->mesh, s->knob[GR_KNOB_DEFORMATION], &d);
  s->surface.creases = gr_most(s->surface.creases, 0.5f * s->knob[GR_KNOB_DEFORMATION]);
  d = dice_of(stream, VIEW);
  turn(&s->mesh, s->knob[GR_KNOB_VIEWPOINT], &d);
  d = dice_of(stream, SIZE);
  float scale = scale_of(&s->mesh, s->unit, s->knob[GR_KNOB_SCALE], 0.22f, &d);
  d = dice_of(stream, PLACE);
  place(&s->mesh, s->unit, scale, &d);

  const float occlusion = s->knob[GR_KNOB_OCCLUSION];
  d = dice_of(stream, COVER);
  bool covered = gr_dice_chance(&d, 1.6f * occlusion);
  float part = (0.25f + 0.75f * occlusion) * gr_dice_between(&d, 0.25f, 0.7f);
  int what = gr_dice_pick(&d, COVERS + 1);
  if (covered && what == COVERS) push_out(&s->mesh, s->unit, part, &d);
  lay_thing(s);
  if (covered && what < COVERS) lay_cover(s, part, what, &d);
  expose(picture, s, plan->channels, stream);
}

// ---- many ----

typedef struct job {
  const gr_waste_part *part;
  const gr_waste_plan *plan;
  gr_stream stream;
  char *scratch;
  size_t scratch_bytes, picture_bytes;
  int64_t first;
} job;

static void draw_one(void *context, int i, int thread) {
  const job *j = context;
  const int64_t k = j->first + i;
  gr_thing_kind kind;
  if (gr_interrupt_pending()) return;
  gr_waste_draw(j->part->x + (size_t)k * j->picture_bytes, &kind, j->plan, j->part->y[k],
                gr_stream_derive(j->stream, (uint64_t)k), j->scratch + (size_t)thread * j->scratch_bytes);
  j->part->kinds[k] = (uint8_t)kind;
}

// Which pictures show a bottle: Fisher and Yates, from the end.
static gr_code shuffle_labels(const gr_waste_part *part, gr_stream stream, gr_err *err) {
  uint8_t *y = part->y;
  for (int64_t i = 0; i < part->n; i++) y[i] = i < part->bottles;
  for (int64_t i = part->n - 1; i > 0; i--) {
    if ((i & 0xffff) == 0 && gr_interrupt_poll(err)) return err->code;
    int64_t j = (int64_t)(gr_stream_double(stream, (uint64_t)i) * (double)(i + 1));
    uint8_t label = y[i];
    y[i] = y[j];
    y[j] = label;
  }
  return GR_OK;
}

gr_code gr_waste(const gr_waste_part *part, const gr_waste_plan *plan, gr_stream stream, gr_pool *pool,
                 gr_err *err) {
  enum { PIECE = 4096, ORDER = 0, PICTURES = 1 };
  if (part->bottles < 0 || part->bottles > part->n)
    return gr_fail(err, GR_ERR_VALUE, "%lld bottles among %lld pictures cannot be drawn",
                   (long long)part->bottles, (long long)part->n);
  if (plan->size < GR_WASTE_LEAST_SIZE || plan->size > GR_WASTE_MOST_SIZE)
    return gr_fail(err, GR_ERR_VALUE, "pictures of waste have %d to %d pixels a side, not %d",
                   GR_WASTE_LEAST_SIZE, GR_WASTE_MOST_SIZE, plan->size);
  if (shuffle_labels(part, gr_stream_derive(stream, ORDER), err)) return err->code;
  job j = {.part = part, .plan = plan, .stream = gr_stream_derive(stream, PICTURES)};
  j.picture_bytes = (size_t)plan->size * (size_t)plan->size * (size_t)plan->channels;
  j.scratch_bytes = (gr_waste_scratch(plan) + GR_ALIGN - 1) / GR_ALIGN * GR_ALIGN;
  void *scratch;
  gr_code code = gr_alloc(&scratch, j.scratch_bytes * (size_t)gr_pool_threads(pool), "room to draw in", err);
  if (code) return code;
  j.scratch = scratch;
  for (j.first = 0; !code && j.first < part->n; j.first += PIECE) {
    gr_pool_run(pool, (int)(part->n - j.first < PIECE ? part->n - j.first : PIECE), draw_one, &j);
    code = gr_interrupt_poll(err);
  }
  gr_free(scratch);
  return code;
}
