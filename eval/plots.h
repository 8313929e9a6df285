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

/* The fixed part of the script (eval/plots.gp); plots.c writes the variables it needs in front of
 * it.
 *
 * Pictures are read as thumbnails in a folder and on slides as often as on a page: large type, few
 * tics, thick lines, markers of different shape, and the blue and vermillion of Okabe and Ito,
 * which colour-blind people tell apart. Legends stand below the axes, where no data can be. Text
 * that varies is never `enhanced`, so that an underscore stays an underscore. */
extern const char plots_gp[];

#endif
