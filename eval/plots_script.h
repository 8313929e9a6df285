/* The fixed part of plots.gp; plots.c writes the variables it needs in front of it. */
#ifndef EVAL_PLOTS_SCRIPT_H
#define EVAL_PLOTS_SCRIPT_H

extern const char plots_script[];

#endif
