#include "data/waste_layer.h"

#include <string.h>

// Small pictures show each point that is missing; large ones have pixels enough.
static int points_of(int size) { return size <= 64 ? 3 : 2; }

size_t gr_layer_bytes(int size) {
  size_t side = (size_t)(size * points_of(size)), pixels = (size_t)size * (size_t)size;
  return side * side * (sizeof(float) + sizeof(gr_ink)) + 2 * pixels * sizeof(float);
}

#define NOTHING (-1e30f)  // a depth

void gr_layer_init(gr_layer *l, int size, void *scratch) {
  l->size = size;
  l->fine = points_of(size);
  size_t side = (size_t)(size * l->fine), pixels = (size_t)size * (size_t)size;
  l->ink = scratch;
  l->depth = (float *)(l->ink + side * side);
  l->mask = l->depth + side * side;
  l->spare = l->mask + pixels;
  for (size_t i = 0; i < side * side; i++) l->depth[i] = NOTHING;
}

// ---- triangles ----

typedef struct corner {
  gr_vec3 at, normal;
  float along, around;
} corner;

// What changes evenly over a triangle, by the weights of two corners: value = a + u * (b - a) + v * (c - a).
typedef struct triangle {
  int top, bottom, left, right;  // the points that it can touch, the last not included
  float u0, ux, uy, v0, vx, vy;  // u and v at the point (0, 0), and a step to the right and down
} triangle;

static bool triangle_init(triangle *t, gr_vec3 a, gr_vec3 b, gr_vec3 c, int side) {
  float abx = b.x - a.x, aby = b.y - a.y, acx = c.x - a.x, acy = c.y - a.y;
  float twice = abx * acy - aby * acx;
  if (!(fabsf(twice) > 1e-6f)) return false;
  float low_x = gr_least(a.x, gr_least(b.x, c.x)), high_x = gr_most(a.x, gr_most(b.x, c.x));
  float low_y = gr_least(a.y, gr_least(b.y, c.y)), high_y = gr_most(a.y, gr_most(b.y, c.y));
  if (!(high_x > 0 && high_y > 0 && low_x < (float)side && low_y < (float)side)) return false;
  t->left = (int)gr_most(low_x - 0.5f, 0);
  t->top = (int)gr_most(low_y - 0.5f, 0);
  t->right = (int)gr_least(high_x + 1.5f, (float)side);
  t->bottom = (int)gr_least(high_y + 1.5f, (float)side);
  t->ux = acy / twice;
  t->uy = -acx / twice;
  t->vx = -aby / twice;
  t->vy = abx / twice;
  t->u0 = (0.5f - a.x) * t->ux + (0.5f - a.y) * t->uy;
  t->v0 = (0.5f - a.x) * t->vx + (0.5f - a.y) * t->vy;
  return true;
}

#define EDGE (-1e-4f)  // neighbours overlap a little rather than leave a gap

typedef struct painter {
  gr_layer *layer;
  const gr_surface *surface;
  const gr_light *light;
  int side;
} painter;

static void paint_triangle(const painter *p, const corner *a, const corner *b, const corner *c,
                           gr_part part) {
  triangle t;
  if (!triangle_init(&t, a->at, b->at, c->at, p->side)) return;
  for (int y = t.top; y < t.bottom; y++) {
    float u = t.u0 + (float)y * t.uy + (float)t.left * t.ux,
          v = t.v0 + (float)y * t.vy + (float)t.left * t.vx;
    size_t i = (size_t)y * (size_t)p->side + (size_t)t.left;
    for (int x = t.left; x < t.right; x++, i++, u += t.ux, v += t.vx) {
      float w = 1 - u - v;
      if (u < EDGE || v < EDGE || w < EDGE) continue;
      float z = w * a->at.z + u * b->at.z + v * c->at.z;
      if (z <= p->layer->depth[i]) continue;
      p->layer->depth[i] = z;
      gr_spot spot = {.part = part,
                      .along = w * a->along + u * b->along + v * c->along,
                      .around = w * a->around + u * b->around + v * c->around};
      spot.normal = (gr_vec3){w * a->normal.x + u * b->normal.x + v * c->normal.x,
                              w * a->normal.y + u * b->normal.y + v * c->normal.y,
                              w * a->normal.z + u * b->normal.z + v * c->normal.z};
      p->layer->ink[i] = gr_surface_shade(p->surface, p->light, &spot);
    }
  }
}

// ---- meshes ----

// Faces that meet at a flat angle share their normal in that corner, so that they look like one surface.
static gr_vec3 corner_normal(const gr_mesh *m, const gr_vec3 *unit, int i, int j, int down, int right) {
  gr_vec3 own = unit[i * GR_MESH_SEGMENTS + j], sum = own;
  for (int k = 1; k < 4; k++) {
    int row = i + (k & 1 ? (down ? 1 : -1) : 0), column = j + (k & 2 ? (right ? 1 : -1) : 0);
    if (row < 0 || row >= m->rings - 1) continue;
    gr_vec3 other = unit[row * GR_MESH_SEGMENTS + (column + GR_MESH_SEGMENTS) % GR_MESH_SEGMENTS];
    if (gr_vec3_dot(own, other) > m->smooth) sum = gr_vec3_add(sum, other);
  }
  return sum;
}

static corner corner_of(const gr_mesh *m, const gr_vec3 *unit, int i, int j, int down, int right,
                        float fine) {
  corner c = {.along = m->along[i + down], .around = (float)(j + right) / GR_MESH_SEGMENTS};
  c.at = gr_vec3_scale(m->at[i + down][(j + right) % GR_MESH_SEGMENTS], fine);
  c.normal = gr_vec3_unit(corner_normal(m, unit, i, j, down, right));
  return c;
}

// The pixels that the mesh can touch, the last not included.
typedef struct box {
  int left, top, right, bottom;
} box;

static box box_of(gr_extent e, float margin, int size) {
  float last = (float)size;
  return (box){(int)gr_clamp(e.low.x - margin, 0, last), (int)gr_clamp(e.low.y - margin, 0, last),
               (int)gr_clamp(e.high.x + margin + 1, 0, last), (int)gr_clamp(e.high.y + margin + 1, 0, last)};
}

// Lays the points over the canvas, a pixel the mean of its own, and clears them.
static void lay(gr_layer *l, gr_canvas *canvas, box b) {
  const int fine = l->fine, side = l->size * fine;
  const float share = 1.0f / (float)(fine * fine);
  for (int y = b.top; y < b.bottom; y++)
    for (int x = b.left; x < b.right; x++) {
      gr_ink sum = {0};
      for (int i = 0; i < fine; i++)
        for (int j = 0; j < fine; j++) {
          size_t k = (size_t)(y * fine + i) * (size_t)side + (size_t)(x * fine + j);
          if (l->depth[k] == NOTHING) continue;
          gr_ink ink = l->ink[k];
          sum = (gr_ink){sum.r + ink.r, sum.g + ink.g, sum.b + ink.b, sum.alpha + ink.alpha};
          l->depth[k] = NOTHING;
        }
      gr_color *c = &canvas->at[y * l->size + x];
      float behind = 1 - share * sum.alpha;
      *c = (gr_color){behind * c->r + share * sum.r, behind * c->g + share * sum.g,
                      behind * c->b + share * sum.b};
    }
}

// ---- shadows ----

static void mark_triangle(float *mask, int size, gr_vec3 a, gr_vec3 b, gr_vec3 c) {
  triangle t;
  if (!triangle_init(&t, a, b, c, size)) return;
  for (int y = t.top; y < t.bottom; y++) {
    float u = t.u0 + (float)y * t.uy, v = t.v0 + (float)y * t.vy;
    for (int x = t.left; x < t.right; x++) {
      float uu = u + (float)x * t.ux, vv = v + (float)x * t.vx;
      if (uu >= EDGE && vv >= EDGE && 1 - uu - vv >= EDGE) mask[y * size + x] = 1;
    }
  }
}

// The mean of 2 radius + 1 numbers, `n` of them `step` apart; beyond the ends there is no shadow.
static void blur_line(float *out, const float *in, int n, int step, int radius) {
  const float share = 1.0f / (float)(2 * radius + 1);
  float sum = 0;
  for (int i = 0; i < radius && i < n; i++) sum += in[i * step];
  for (int i = 0; i < n; i++) {
    if (i + radius < n) sum += in[(i + radius) * step];
    if (i - radius > 0) sum -= in[(i - radius - 1) * step];
    out[i * step] = sum * share;
  }
}

// The mask made soft, and laid over the canvas.
static void darken(gr_layer *l, gr_canvas *canvas, box b, float strength, int radius) {
  const int size = l->size, width = b.right - b.left, height = b.bottom - b.top;
  for (int pass = 0; pass < 2; pass++) {
    for (int y = b.top; y < b.bottom; y++)
      blur_line(l->spare + y * size + b.left, l->mask + y * size + b.left, width, 1, radius);
    for (int x = b.left; x < b.right; x++)
      blur_line(l->mask + b.top * size + x, l->spare + b.top * size + x, height, size, radius);
  }
  for (int y = b.top; y < b.bottom; y++)
    for (int x = b.left; x < b.right; x++) {
      gr_color *c = &canvas->at[y * size + x];
      *c = gr_color_scale(*c, 1 - strength * l->mask[y * size + x]);
    }
}

void gr_layer_shadow(gr_layer *l, gr_canvas *canvas, const gr_mesh *m, gr_vec3 toward, float strength,
                     float blur) {
  const int size = l->size;
  gr_extent e = gr_mesh_extent(m);
  float slope_x = -toward.x / toward.z, slope_y = -toward.y / toward.z, tall = e.high.z - e.low.z;
  const float ground = e.low.z;
  e.low.x += gr_least(slope_x * tall, 0);
  e.high.x += gr_most(slope_x * tall, 0);
  e.low.y += gr_least(slope_y * tall, 0);
  e.high.y += gr_most(slope_y * tall, 0);
  const int radius = (int)gr_most(blur, 1);
  box b = box_of(e, (float)(2 * radius + 1), size);
  for (int y = b.top; y < b.bottom; y++)
    memset(l->mask + y * size + b.left, 0, (size_t)(b.right - b.left) * sizeof(float));
  gr_vec3 at[2][GR_MESH_SEGMENTS + 1];
  for (int i = 0; i < m->rings; i++) {
    gr_vec3 *here = at[i & 1], *above = at[(i + 1) & 1];
    for (int j = 0; j <= GR_MESH_SEGMENTS; j++) {
      gr_vec3 p = m->at[i][j % GR_MESH_SEGMENTS];
      float high = p.z - ground;
      here[j] = (gr_vec3){p.x + slope_x * high, p.y + slope_y * high, 0};
    }
    for (int j = 0; i > 0 && j < GR_MESH_SEGMENTS; j++) {
      // The faces that the light falls on cast the whole shadow.
      if (gr_vec3_dot(m->face[i - 1][j], toward) <= 0) continue;
      mark_triangle(l->mask, size, above[j], above[j + 1], here[j]);
      mark_triangle(l->mask, size, above[j + 1], here[j + 1], here[j]);
    }
  }
  darken(l, canvas, b, strength, radius);
}

// ---- meshes onto the canvas ----

// Into the mask: the pixels whose middle is painted.
static void mark_points(gr_layer *l, box b) {
  const int side = l->size * l->fine;
  for (int y = b.top; y < b.bottom; y++)
    for (int x = b.left; x < b.right; x++) {
      size_t k = (size_t)(y * l->fine + l->fine / 2) * (size_t)side + (size_t)(x * l->fine + l->fine / 2);
      l->mask[y * l->size + x] = l->depth[k] == NOTHING ? 0 : 1;
    }
}

void gr_layer_draw(gr_layer *l, gr_canvas *canvas, const gr_mesh *m, const gr_surface *s,
                   const gr_light *light, float rim, float blur) {
  gr_vec3 unit[GR_MESH_RINGS * GR_MESH_SEGMENTS];
  for (int i = 0; i + 1 < m->rings; i++)
    for (int j = 0; j < GR_MESH_SEGMENTS; j++) unit[i * GR_MESH_SEGMENTS + j] = gr_vec3_unit(m->face[i][j]);
  painter p = {l, s, light, l->size * l->fine};
  const float fine = (float)l->fine;
  for (int i = 0; i + 1 < m->rings; i++)
    for (int j = 0; j < GR_MESH_SEGMENTS; j++) {
      if (m->face[i][j].z <= 0) continue;  // it looks away
      corner a = corner_of(m, unit, i, j, 0, 0, fine), b = corner_of(m, unit, i, j, 0, 1, fine);
      corner c = corner_of(m, unit, i, j, 1, 0, fine), d = corner_of(m, unit, i, j, 1, 1, fine);
      paint_triangle(&p, &a, &b, &c, (gr_part)m->part[i]);
      paint_triangle(&p, &b, &d, &c, (gr_part)m->part[i]);
    }
  const gr_extent e = gr_mesh_extent(m);
  const int radius = (int)gr_most(blur, 1);
  box b = box_of(e, (float)(2 * radius + 1), l->size);
  mark_points(l, b);
  darken(l, canvas, b, rim, radius);
  lay(l, canvas, box_of(e, 1, l->size));
}
