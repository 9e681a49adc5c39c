// Build tool: writes a C file with the Lua files as byte arrays.  embed OUT.c FILE...
// Byte arrays, not string literals: C guarantees only 4095 characters of those.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what, const char *path) {
  fprintf(stderr, "embed: cannot %s %s\n", what, path);
  exit(1);
}

// The name under which a file is known: its path from the project's root. The build hands us paths that are
// absolute or relative to the build folder; both contain the root's "lua/gradus/".
static const char *chunk_name(const char *path) {
  const char *name = NULL;
  for (const char *p = path; (p = strstr(p, "lua/gradus/")); p++) name = p;
  if (!name) fail("find lua/gradus/ in the path of", path);
  return name;
}

int main(int argc, char **argv) {
  if (argc < 2) fail("run without", "OUT.c FILE...");
  FILE *out = fopen(argv[1], "w");
  if (!out) fail("write", argv[1]);
  fputs("#include \"bind/state.h\"\n", out);
  for (int i = 2; i < argc; i++) {
    FILE *in = fopen(argv[i], "rb");
    if (!in) fail("read", argv[i]);
    fprintf(out, "static const unsigned char file_%d[] = {", i);
    int c, n = 0;
    while ((c = getc(in)) != EOF) fprintf(out, n++ % 24 ? "%d," : "\n%d,", c);
    fputs("0};\n", out);
    fclose(in);
  }
  fputs("const gr_embedded_file gr_embedded_files[] = {\n", out);
  for (int i = 2; i < argc; i++)
    fprintf(out, "  {\"%s\", (const char *)file_%d, sizeof file_%d - 1},\n", chunk_name(argv[i]), i, i);
  fputs("  {0, 0, 0},\n};\n", out);
  return fclose(out) ? (fail("write", argv[1]), 1) : 0;
}
