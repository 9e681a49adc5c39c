// The gnuplot process: started at the first plot, spoken to through pipes, never waited for without a
// deadline.
//
// It may be missing, die at any moment, hang, or write without end; each of these is an error with a
// sentence, and the next run starts a fresh process. It lives in a process group of its own, so that Ctrl-C
// at the terminal reaches us and not it.
#ifndef GR_PLOT_GNUPLOT_H
#define GR_PLOT_GNUPLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

typedef struct gr_gnuplot gr_gnuplot;

// Starts nothing yet. `program` is what to run, or NULL for $GRADUS_GNUPLOT or else "gnuplot".
gr_code gr_gnuplot_new(gr_gnuplot **out, const char *program, gr_err *err);
void gr_gnuplot_free(gr_gnuplot *g);  // accepts NULL; asks gnuplot to leave, and insists after half a second

// Runs `length` bytes of gnuplot commands and returns when gnuplot has done them all: what it wrote on
// standard output is appended to `output` (NULL drops it). GR_ERR_VALUE with gnuplot's own words when a
// command failed, GR_ERR_IO when it is missing, died, or has not finished after `seconds`; GR_ERR_INTERRUPT
// on Ctrl-C. After the last three it has been ended. The script must be whole lines and contain no text of a
// user's that is not quoted.
gr_code gr_gnuplot_run(gr_gnuplot *g, const char *script, size_t length, gr_str *output, double seconds,
                       gr_err *err);

// The same without waiting, for pictures that are drawn while something else goes on: begin hands the script
// over (a run that is still going on is waited for first), look says whether it is still `busy` and, when it
// no longer is, gives the output and the errors, as run does. Nothing is lost when nobody looks.
gr_code gr_gnuplot_begin(gr_gnuplot *g, const char *script, size_t length, double seconds, gr_err *err);
gr_code gr_gnuplot_look(gr_gnuplot *g, bool *busy, gr_str *output, gr_err *err);

// The time of a processor that gnuplot has used since it was started; 0 when it does not run.
double gr_gnuplot_seconds(const gr_gnuplot *g);

// To be called now and then: buries a process that somebody else has ended.
void gr_gnuplot_tend(gr_gnuplot *g);

#endif
