#include "data/waste_surface.h"

gr_light gr_light_from(float direction, float elevation, float diffuse) {
  gr_light l = {.ambient = 1 - 0.62f * diffuse, .diffuse = diffuse};
  l.toward = (gr_vec3){cosf(elevation) * cosf(direction), cosf(elevation) * sinf(direction), sinf(elevation)};
  l.half = gr_vec3_unit(gr_vec3_add(l.toward, (gr_vec3){0, 0, 1}));
  return l;
}

static bool on_label(const gr_surface *s, const gr_spot *p) {
  if (p->along < s->label_from || p->along > s->label_to) return false;
  float off = p->around - s->label_at;
  off -= floorf(off + 0.5f);
  return fabsf(off) < s->label_half;
}

// Blocks of print: lines of a few words and something like a picture.
static float printed(const gr_surface *s, const gr_spot *p) {
  float v = (p->along - s->label_from) / (s->label_to - s->label_from);
  float u = p->around - s->label_at;
  u -= floorf(u + 0.5f);
  if (v < 0.12f || v > 0.88f) return s->print;  // a border
  return gr_lattice_at(&s->relief, 44 * u + 8, 12 * v) > 0.6f ? s->print : 0;
}

gr_ink gr_surface_shade(const gr_surface *s, const gr_light *light, const gr_spot *p) {
  gr_vec3 n = gr_vec3_unit(p->normal);
  gr_color color = s->body;
  float opacity = s->opacity, metal = s->metal, gloss = s->gloss;
  if (p->part == GR_PART_TOP) {
    color = s->top;
    opacity = 1;
  } else if (p->part == GR_PART_INSIDE) {
    color = gr_color_scale(s->body, 0.62f);
    opacity = gr_mix(opacity, 1, 0.3f);
    gloss *= 0.4f;
  } else if (on_label(s, p)) {
    color = gr_color_mix(s->label, s->ink, printed(s, p));
    opacity = 1;
    metal *= 0.3f;
  } else if (p->along > s->level) {
    color = s->filling;
    opacity = gr_mix(opacity, 1, 0.7f);
  }
  if (s->ribs > 0 && p->part == GR_PART_BODY) n.y += s->ribs * sinf(s->rib_waves * p->along);
  if (s->bulge > 0) {  // as every face of a box does, which therefore has highlights, too
    n.y += s->bulge * p->along;
    n.x += s->bulge * sinf(25.132741f * p->around);
    n = gr_vec3_unit(n);
  }
  float facing = gr_clamp(n.z, 0, 1), rim = 1 - facing;
  float lit = light->ambient * (0.72f + 0.28f * facing);
  lit += 1.05f * light->diffuse * gr_most(gr_vec3_dot(n, light->toward), 0);
  if (s->creases > 0)
    lit *= 1 + s->creases * (gr_lattice_at(&s->relief, 9 * p->around * 2, 5 * p->along) - 0.5f);
  // A metal mirrors its surroundings: bright and dark stripes along a can.
  if (metal > 0) {
    float mirrored = 0.5f + 0.5f * sinf(7.5f * n.x + 2 * n.y + 1), sharp = mirrored * mirrored;
    lit *= 1 + metal * (1.1f * sharp - 0.45f);
  }
  float h = gr_most(gr_vec3_dot(n, light->half), 0), h2 = h * h, h4 = h2 * h2, h8 = h4 * h4, h16 = h8 * h8;
  float shine = gloss * (0.16f * h8 + 0.45f * h16 * h16);
  // Clear walls: one looks through most of them at the rim, where they are dark and hardly clear.
  float alpha = opacity + (1 - opacity) * rim * rim * 0.9f;
  float dim = 1 - (1 - opacity) * s->edge_dark * rim * rim;
  gr_color c = gr_color_scale(color, lit * dim);
  // A reflection is seen whatever is behind it.
  return (gr_ink){alpha * c.r + shine, alpha * c.g + shine, alpha * c.b + shine,
                  gr_clamp(alpha + 0.8f * shine, 0, 1)};
}
