#!/usr/bin/python3
"""AUC of cues by scikit-learn (Debian 12: python3-sklearn). Run from the root of the project; writes

  tests/golden/sklearn_cues.txt   first line: rows, groups, cues; then a line per row: label, group,
                                  values (nan: unknown); then a line per cue: rows with a value, mean
                                  of real and of fake, folded AUC, 1 if fakes are higher
"""
import numpy as np
from sklearn.metrics import roc_auc_score

ROWS, GROUPS = 120, 24
rng = np.random.default_rng(11)
group = rng.integers(0, GROUPS, ROWS)
label = np.where(group < 8, 0, np.where(group < 16, 1, rng.integers(0, 2, ROWS)))
noise = rng.normal(0, 1, ROWS)
cues = np.array([
    np.full(ROWS, 256),                                                 # constant
    np.round(noise + label, 1),                                         # higher in fakes, with ties
    -np.round(noise + label, 1),                                        # the same, lower in fakes
    np.where(rng.random(ROWS) < 0.2, np.nan, 75 + 20 * label),          # perfect, some unknown
    rng.choice([1, 0.5, 0.25, 0], ROWS),                                # nothing to learn
    (rng.random(ROWS) < 0.3 + 0.3 * label).astype(float),               # yes or no
    100 + 30 * noise - 5 * label,                                       # no ties
    np.where(label == 1, 1e9 + rng.integers(0, 3, ROWS), 1e9),          # large
])

with open("tests/golden/sklearn_cues.txt", "w") as out:
    out.write(f"{ROWS} {GROUPS} {len(cues)}\n")
    for i in range(ROWS):
        out.write(" ".join([str(label[i]), str(group[i]), *(repr(float(v)) for v in cues[:, i])]) + "\n")
    for values in cues:
        known = ~np.isnan(values)
        x, y = values[known], label[known]
        auc = roc_auc_score(y, x)
        figures = [x[y == 0].mean(), x[y == 1].mean(), max(auc, 1 - auc)]
        out.write(" ".join([str(len(x)), *(repr(float(v)) for v in figures), str(int(auc > 0.5))]) + "\n")
