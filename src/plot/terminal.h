// Pictures within the text of a terminal: what it can show, and how it is told to.
#ifndef GR_PLOT_TERMINAL_H
#define GR_PLOT_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

typedef enum gr_pictures { GR_PICTURES_NONE = 0, GR_PICTURES_SIXEL = 1, GR_PICTURES_KITTY = 2 } gr_pictures;

// Asks the terminal of this process, and waits at most `seconds` for its answer. Says none when there is no
// terminal, when this process is not in its foreground, and when somebody has typed ahead: the answer could
// not be told from that.
gr_pictures gr_terminal_ask(double seconds);

// What the answer so far says; `complete` when nothing more is to come.
gr_pictures gr_terminal_answer(const char *text, size_t length, bool *complete);

// A PNG file as kitty's graphics protocol: base64 in pieces of 4096 characters.
// https://sw.kovidgoyal.net/kitty/graphics-protocol/
void gr_kitty_picture(gr_str *out, const char *png, size_t length);

#endif
