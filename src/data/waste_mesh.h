// The body of a thing: rings of points around an axis, closed by faces of four corners. What bends, dents and
// crushes it moves the points; light, shadow and what hides what follow from where they are.
#ifndef GR_DATA_WASTE_MESH_H
#define GR_DATA_WASTE_MESH_H

#include <stdint.h>

#include "data/waste_dice.h"

#define GR_MESH_RINGS 56
#define GR_MESH_SEGMENTS 32

typedef enum gr_part {
  GR_PART_BODY,
  GR_PART_TOP,     // a cap, a lid
  GR_PART_INSIDE,  // seen through an opening
} gr_part;

typedef struct gr_mesh {
  int rings;
  float cross;   // the rings' section: 2 an ellipse, more a box with rounder or sharper edges
  float smooth;  // cosine of the widest angle between two faces that look like one surface
  gr_vec3 at[GR_MESH_RINGS][GR_MESH_SEGMENTS];
  float along[GR_MESH_RINGS];   // where the ring was made on the axis, -1 top to 1 bottom: for labels
  uint8_t part[GR_MESH_RINGS];  // of the faces between this ring and the next
  gr_vec3 face[GR_MESH_RINGS][GR_MESH_SEGMENTS];  // outwards, as long as the face's area; see gr_mesh_settle
} gr_mesh;

void gr_mesh_start(gr_mesh *m, float cross, float smooth);
// One more ring below the last: its place on the axis, its half-widths, and what the faces below it are.
void gr_mesh_ring(gr_mesh *m, float y, float x_radius, float z_radius, gr_part part);
// Rings from the last one to (y, radius), `n` of them; the radius follows t^steep made smooth.
void gr_mesh_curve(gr_mesh *m, float y, float radius, int n, float steep, gr_part part);
// A round end of the body: from the last ring to the axis at y.
void gr_mesh_round(gr_mesh *m, float y, int n, gr_part part);

// ---- deformation: `depth` and widths in half-lengths of the thing ----

void gr_mesh_bend(gr_mesh *m, float angle);  // the axis becomes an arc of this angle
void gr_mesh_twist(gr_mesh *m, float angle);
// Pressed flat in z around `at`, `reach` to either side, to 1 - `amount` of its depth; it gets wider instead.
void gr_mesh_flatten(gr_mesh *m, float at, float reach, float amount);
void gr_mesh_shorten(gr_mesh *m, float at, float reach, float amount);  // as stepped on from above
void gr_mesh_dent(gr_mesh *m, float at, float around, float reach, float depth);
// Folds: points move away from the axis and to it by the lattice's noise, `fine` cells to a half-length.
void gr_mesh_crumple(gr_mesh *m, const gr_lattice *noise, float fine, float depth);

// ---- in the picture ----

void gr_mesh_spin(gr_mesh *m, float angle);              // around its own axis
void gr_mesh_turn(gr_mesh *m, float tilt, float angle);  // the top to the viewer; then in the plane
void gr_mesh_place(gr_mesh *m, float scale, float x, float y, float perspective);
void gr_mesh_move(gr_mesh *m, float x, float y);
// Fills in the faces: to be called when no point moves any more, and before the area is asked for.
void gr_mesh_settle(gr_mesh *m);
float gr_mesh_area(const gr_mesh *m);  // of what is seen of it, from the faces that look at the viewer

typedef struct gr_extent {
  gr_vec3 low, high;
} gr_extent;
gr_extent gr_mesh_extent(const gr_mesh *m);

#endif
