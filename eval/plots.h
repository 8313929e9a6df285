/* Pictures of a report: loss, accuracy, confusion matrix, ROC and, where it was asked for,
 * robustness, each as SVG and PNG.
 *
 * The folder gets plain data files and one gnuplot script that reads them, so the pictures can be
 * redrawn, restyled or moved to another machine with `cd FOLDER && gnuplot plots.gp`. */
#ifndef EVAL_PLOTS_H
#define EVAL_PLOTS_H

#include "eval/evaluation.h"

/* Writes data and script into the folder, which is created if missing (its parent is not). */
int plots_write(const struct evaluation *evaluation, const char *folder);

/* Runs gnuplot on the script in the folder and checks that every picture is there (`robustness`:
 * that one, too). It starts a
 * process: call it where no MPI is running (before MPI_Init or after MPI_Finalize). When gnuplot is
 * missing or fails, data and script stay. */
int plots_render(const char *folder, int robustness);

/* The fixed part of plots.gp; plots.c writes the variables it needs in front of it. */
extern const char plots_script[];

#endif
