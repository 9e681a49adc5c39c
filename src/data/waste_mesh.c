#include "data/waste_mesh.h"

#define TURN 6.2831853f

void gr_mesh_start(gr_mesh *m, float cross, float smooth) {
  m->rings = 0;
  m->cross = cross;
  m->smooth = smooth;
}

void gr_mesh_ring(gr_mesh *m, float y, float x_radius, float z_radius, gr_part part) {
  if (m->rings == GR_MESH_RINGS) return;  // no outline of ours has so many
  gr_vec3 *ring = m->at[m->rings];
  for (int j = 0; j < GR_MESH_SEGMENTS; j++) {
    // Points at the same angles on |x|^cross + |z|^cross = 1; a box has a point in each corner.
    float angle = TURN * ((float)j + 0.5f) / GR_MESH_SEGMENTS, c = cosf(angle), s = sinf(angle), scale = 1;
    if (m->cross > 2) {
      float larger = gr_most(fabsf(c), fabsf(s)), smaller = gr_least(fabsf(c), fabsf(s));
      scale = 1 / (larger * powf(1 + powf(smaller / larger, m->cross), 1 / m->cross));
    }
    ring[j] = (gr_vec3){x_radius * c * scale, y, z_radius * s * scale};
  }
  m->along[m->rings] = y;
  m->part[m->rings++] = (uint8_t)part;
}

// The half-width in x of the last ring.
static float last_radius(const gr_mesh *m) {
  float widest = 0;
  for (int j = 0; j < GR_MESH_SEGMENTS; j++) widest = gr_most(widest, m->at[m->rings - 1][j].x);
  return widest;
}

void gr_mesh_curve(gr_mesh *m, float y, float radius, int n, float steep, gr_part part) {
  float from = m->along[m->rings - 1], first = last_radius(m);
  for (int i = 1; i <= n; i++) {
    float t = (float)i / (float)n, r = gr_mix(first, radius, powf(gr_smooth(t), steep));
    gr_mesh_ring(m, gr_mix(from, y, t), r, r, part);
  }
}

void gr_mesh_round(gr_mesh *m, float y, int n, gr_part part) {
  float from = m->along[m->rings - 1], first = last_radius(m);
  for (int i = 1; i <= n; i++) {
    float angle = TURN / 4 * (float)i / (float)n, r = first * (0.72f + 0.28f * cosf(angle));
    gr_mesh_ring(m, gr_mix(from, y, sinf(angle)), r, r, part);
  }
  gr_mesh_ring(m, y, 0, 0, part);
}

// ---- deformation ----

static float bump(float x) { return gr_smooth(1 - fabsf(x)); }  // 1 at 0, 0 beyond 1

void gr_mesh_bend(gr_mesh *m, float angle) {
  if (fabsf(angle) < 1e-3f) return;
  float radius = 2 / angle;  // the axis is 2 long
  for (int i = 0; i < m->rings; i++)
    for (int j = 0; j < GR_MESH_SEGMENTS; j++) {
      gr_vec3 *p = &m->at[i][j];
      float a = p->y / radius, r = radius - p->x;
      p->x = radius - r * cosf(a) - radius * (1 - cosf(angle / 4));  // so that the middle stays the middle
      p->y = r * sinf(a);
    }
}

void gr_mesh_twist(gr_mesh *m, float angle) {
  for (int i = 0; i < m->rings; i++) {
    float a = angle * m->along[i] / 2, c = cosf(a), s = sinf(a);
    for (int j = 0; j < GR_MESH_SEGMENTS; j++) {
      gr_vec3 *p = &m->at[i][j], q = *p;
      p->x = c * q.x - s * q.z;
      p->z = s * q.x + c * q.z;
    }
  }
}

void gr_mesh_flatten(gr_mesh *m, float at, float reach, float amount) {
  for (int i = 0; i < m->rings; i++) {
    float here = amount * bump((m->along[i] - at) / reach);
    for (int j = 0; j < GR_MESH_SEGMENTS; j++) {
      m->at[i][j].z *= 1 - here;
      m->at[i][j].x *= 1 + 0.35f * here;
    }
  }
}

void gr_mesh_shorten(gr_mesh *m, float at, float reach, float amount) {
  // dy is 1 - amount * bump; the shift of a ring is what all the rings before it have lost.
  float shift = 0, before = 0, total = 0;
  for (int pass = 0; pass < 2; pass++) {
    shift = pass ? total / 2 : 0;
    for (int i = 0; i < m->rings; i++) {
      float step = i ? m->along[i] - before : 0;
      before = m->along[i];
      shift -= step * amount * bump((m->along[i] - at) / reach);
      if (pass)
        for (int j = 0; j < GR_MESH_SEGMENTS; j++) m->at[i][j].y += shift;
    }
    total = -shift;
  }
}

void gr_mesh_dent(gr_mesh *m, float at, float around, float reach, float depth) {
  for (int i = 0; i < m->rings; i++) {
    float here = bump((m->along[i] - at) / reach);
    if (here <= 0) continue;
    for (int j = 0; j < GR_MESH_SEGMENTS; j++) {
      gr_vec3 *p = &m->at[i][j];
      float toward = p->x * cosf(around) + p->z * sinf(around), size = sqrtf(p->x * p->x + p->z * p->z);
      if (toward <= 0 || size <= 0) continue;
      float in = depth * here * gr_smooth(toward / size * 1.4f - 0.4f);
      if (in > 0.9f * toward) in = 0.9f * toward;
      p->x -= in * cosf(around);
      p->z -= in * sinf(around);
    }
  }
}

void gr_mesh_crumple(gr_mesh *m, const gr_lattice *noise, float fine, float depth) {
  for (int i = 0; i < m->rings; i++)
    for (int j = 0; j < GR_MESH_SEGMENTS; j++) {
      gr_vec3 *p = &m->at[i][j];
      // Noise of the place in space is one value on both sides of the seam; shifts make three fields of it.
      float a = gr_lattice_at(noise, fine * (p->x + 0.7f * p->z) + 3, fine * p->y) - 0.5f;
      float b = gr_lattice_at(noise, fine * (p->z - 0.4f * p->x) + 11, fine * p->y + 7) - 0.5f;
      float c = gr_lattice_at(noise, fine * (p->x + p->z) + 19, fine * 0.8f * p->y + 17) - 0.5f;
      float swell = 1 + 2 * depth * a;
      p->x = p->x * swell + depth * 0.25f * b;
      p->z = p->z * (1 + 2 * depth * b) + depth * 0.25f * a;
      p->y += depth * 0.3f * c;
    }
}

// ---- in the picture ----

void gr_mesh_spin(gr_mesh *m, float angle) {
  float c = cosf(angle), s = sinf(angle);
  for (int i = 0; i < m->rings; i++)
    for (int j = 0; j < GR_MESH_SEGMENTS; j++) {
      gr_vec3 *p = &m->at[i][j], q = *p;
      p->x = c * q.x - s * q.z;
      p->z = s * q.x + c * q.z;
    }
}

void gr_mesh_turn(gr_mesh *m, float tilt, float angle) {
  float ct = cosf(tilt), st = sinf(tilt), ca = cosf(angle), sa = sinf(angle);
  for (int i = 0; i < m->rings; i++)
    for (int j = 0; j < GR_MESH_SEGMENTS; j++) {
      gr_vec3 *p = &m->at[i][j], q = *p;
      float y = ct * q.y + st * q.z;
      p->z = -st * q.y + ct * q.z;
      p->x = ca * q.x - sa * y;
      p->y = sa * q.x + ca * y;
    }
}

void gr_mesh_place(gr_mesh *m, float scale, float x, float y, float perspective) {
  for (int i = 0; i < m->rings; i++)
    for (int j = 0; j < GR_MESH_SEGMENTS; j++) {
      gr_vec3 *p = &m->at[i][j];
      float here = scale / (1 - perspective * p->z);
      p->x = x + here * p->x;
      p->y = y + here * p->y;
      p->z *= scale;
    }
}

void gr_mesh_move(gr_mesh *m, float x, float y) {
  for (int i = 0; i < m->rings; i++)
    for (int j = 0; j < GR_MESH_SEGMENTS; j++) {
      m->at[i][j].x += x;
      m->at[i][j].y += y;
    }
}

void gr_mesh_settle(gr_mesh *m) {
  for (int i = 0; i + 1 < m->rings; i++)
    for (int j = 0; j < GR_MESH_SEGMENTS; j++) {
      int k = (j + 1) % GR_MESH_SEGMENTS;
      gr_vec3 across = gr_vec3_subtract(m->at[i + 1][k], m->at[i][j]);
      gr_vec3 back = gr_vec3_subtract(m->at[i + 1][j], m->at[i][k]);
      m->face[i][j] = gr_vec3_scale(gr_vec3_cross(back, across), 0.5f);
    }
}

float gr_mesh_area(const gr_mesh *m) {
  float area = 0;
  for (int i = 0; i + 1 < m->rings; i++)
    for (int j = 0; j < GR_MESH_SEGMENTS; j++)
      if (m->part[i] != GR_PART_INSIDE) area += gr_most(m->face[i][j].z, 0);
  return area;
}

gr_extent gr_mesh_extent(const gr_mesh *m) {
  gr_extent e = {{1e9f, 1e9f, 1e9f}, {-1e9f, -1e9f, -1e9f}};
  for (int i = 0; i < m->rings; i++)
    for (int j = 0; j < GR_MESH_SEGMENTS; j++) {
      gr_vec3 p = m->at[i][j];
      e.low = (gr_vec3){gr_least(e.low.x, p.x), gr_least(e.low.y, p.y), gr_least(e.low.z, p.z)};
      e.high = (gr_vec3){gr_most(e.high.x, p.x), gr_most(e.high.y, p.y), gr_most(e.high.z, p.z)};
    }
  return e;
}
