#!/usr/bin/python3
"""Golden reports and figures by scikit-learn (Debian 12: python3-sklearn 1.2.1).

Run from the root of the project; writes

  tests/golden/sklearn_metrics.txt   rows, every figure, both curves and the text of a few cases
  tests/golden/sklearn_tables.txt    only the printed figures of many confusion matrices, chosen so
                                     that the second decimal often hangs on the last bit
  tests/golden/bootstrap.txt         clustered rows, and their intervals by a plain bootstrap that
                                     copies the rows of the drawn groups (this takes a minute)

Numbers are the shortest decimals that read back as the same double. Rows are run-length coded:
`label probability repeats`.
"""
import warnings

import numpy as np
from scipy.optimize import brentq
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

NAMES = ["real", "fake"]
warnings.filterwarnings("ignore")


def case_rows():
    rng = np.random.default_rng(5)

    def scores(n, fakes, shift):
        y = (np.arange(n) < fakes).astype(np.uint8)
        rng.shuffle(y)
        return y, (1 / (1 + np.exp(-rng.normal(0, 2, n) - shift * (2.0 * y - 1)))).astype(np.float32)

    yield "random", *scores(110, 50, 0.7)
    yield "mostly_fake", *scores(120, 103, 0.5)
    yield "mostly_real", *scores(90, 6, 1.0)
    y, p = scores(400, 180, 0.8)
    yield "ties", y, np.round(p * 12).astype(np.float32) / np.float32(12)
    y, p = scores(200, 100, 30)
    yield "saturated", y, np.where(rng.random(200) < 0.1, 1 - np.round(p), np.round(p)).astype(np.float32)
    y, p = scores(60, 24, 0.5)
    yield "all_predicted_real", y, p * np.float32(0.4)
    yield "all_predicted_fake", y, p * np.float32(0.4) + np.float32(0.55)
    yield "all_equal_at_half", y, np.full(60, 0.5, np.float32)
    yield "perfect", *scores(40, 13, 60)
    yield "inverted", y, (1 - y).astype(np.float32)
    yield "two_rows", np.array([1, 0], np.uint8), np.array([0.25, 0.75], np.float32)
    yield "one_row_wrong", np.array([1], np.uint8), np.array([0.25], np.float32)
    yield "only_fake", np.ones(15, np.uint8), scores(15, 15, 0.3)[1]
    yield "only_real", np.zeros(15, np.uint8), scores(15, 0, 0.3)[1]
    cells = [(0, 0.125, 1234567), (0, 0.875, 7654), (1, 0.125, 98765), (1, 0.625, 2345678)]
    yield ("large", np.repeat([c[0] for c in cells], [c[2] for c in cells]).astype(np.uint8),
           np.repeat([c[1] for c in cells], [c[2] for c in cells]).astype(np.float32))


def exact(values):
    return " ".join(repr(float(v)) for v in np.atleast_1d(values))


def equal_error_rate(y, p):
    """Where straight lines between the points of the ROC cross FPR = FNR."""
    fpr, tpr, _ = sk.roc_curve(y, p, drop_intermediate=False)
    place = np.arange(len(fpr))
    gap = lambda s: np.interp(s, place, fpr) - (1 - np.interp(s, place, tpr))
    return np.interp(brentq(gap, 0, len(fpr) - 1, xtol=1e-15, rtol=1e-15), place, fpr)


def write_operating_points(out, y, p):
    """EER, TPR at FPR 1%, and the points of the ROC that the rules of --threshold choose."""
    fpr, tpr, _ = sk.roc_curve(y, p, drop_intermediate=False)
    if len(np.unique(y)) < 2:
        out.write("eer nan\ntpr nan\npoints nan nan nan\n")
        return
    out.write(f"eer {exact(equal_error_rate(y, p))}\n")
    out.write(f"tpr {exact(tpr[fpr <= 0.01].max() if np.sum(y == 0) >= 100 else float('nan'))}\n")
    within = np.where(fpr <= 0.05, tpr, -1)
    points = np.argmax(tpr - fpr), np.argmin(np.abs(fpr - (1 - tpr))), np.argmax(within)
    out.write(f"points {exact(points)}\n")


def write_calibration(out, y, p):
    p = p.astype(np.float64)
    counts = np.bincount(np.digitize(p, np.linspace(0, 1, 11)[1:-1], right=True), minlength=10)
    fake, probability = calibration_curve(y, p, n_bins=10, pos_label=1)
    columns = np.full((2, 10), np.nan)
    columns[:, counts > 0] = probability, fake
    error = np.nansum(counts * np.abs(columns[0] - columns[1])) / len(y)
    out.write(f"brier {exact(sk.brier_score_loss(y, p, pos_label=1))}\n")
    out.write(f"ece {exact(error if len(y) >= 100 else float('nan'))}\n")
    out.write(f"bins {exact(counts)} {exact(columns.ravel())}\n")


def clustered_rows():
    """Groups with real rows only, fake rows only, and both, each with a tendency of its own."""
    rng = np.random.default_rng(7)
    y, p, group = [], [], []
    for g in range(32):
        classes = [[0], [1], [0, 1], [0, 1]][g % 4]
        for label in classes:
            n = int(rng.integers(4, 24))
            logits = rng.normal(0, 1) + rng.normal(0, 0.7, n) + 0.8 * (2 * label - 1)
            y += [label] * n
            p += list(np.round(1 / (1 + np.exp(-logits)), 2))  # with ties
            group += [g] * n
    return np.array(y), np.array(p, np.float32), np.array(group)


def write_bootstrap(out, resamples=20000):
    y, p, group = clustered_rows()
    rng = np.random.default_rng(8)
    rows_of = [np.flatnonzero(group == g) for g in range(32)]
    strata = [[g for g in range(32) if g % 4 in kind] for kind in ([0], [1], [2, 3])]
    figures = np.empty((resamples, 4))
    for b in range(resamples):
        drawn = np.concatenate([rng.choice(s, len(s)) for s in strata])
        rows = np.concatenate([rows_of[g] for g in drawn])
        predicted = p[rows] > 0.5
        figures[b] = (np.mean(predicted == y[rows]), sk.balanced_accuracy_score(y[rows], predicted),
                      sk.roc_auc_score(y[rows], p[rows]), equal_error_rate(y[rows], p[rows]))
    out.write(f"rows {len(y)} 32\n")
    for row in zip(y, p, group):
        out.write(f"{row[0]} {exact(row[1])} {row[2]}\n")
    for name, values in zip(("accuracy", "balanced", "auc", "eer"), figures.T):
        out.write(f"{name} {exact(np.percentile(values, [2.5, 97.5]))}\n")


def write_curve(out, name, x, y, threshold):
    out.write(f"{name} {len(x)}\n")
    for point in zip(x, y, threshold):
        out.write(exact(point) + "\n")


def write_rows(out, y, p):
    edges = np.flatnonzero((np.diff(y) != 0) | (np.diff(p) != 0)) + 1
    starts = np.concatenate([[0], edges])
    repeats = np.diff(np.concatenate([starts, [len(y)]]))
    out.write(f"rows {len(starts)} {len(y)}\n")
    for s, r in zip(starts, repeats):
        out.write(f"{y[s]} {exact(p[s])} {r}\n")


def write_case(out, name, y, p):
    predicted = (p > 0.5).astype(np.uint8)
    both = len(np.unique(y)) == 2
    out.write(f"case {name}\n")
    write_rows(out, y, p)
    out.write("confusion " + " ".join(map(str, sk.confusion_matrix(y, predicted, labels=[0, 1]).ravel())) + "\n")
    by_class = sk.precision_recall_fscore_support(y, predicted, labels=[0, 1])
    for figure, values in zip(("precision", "recall", "f1"), by_class):
        out.write(f"{figure} {exact(values)}\n")
    for average in ("macro", "weighted"):
        values = sk.precision_recall_fscore_support(y, predicted, labels=[0, 1], average=average)[:3]
        out.write(f"{average} {exact(values)}\n")
    out.write(f"accuracy {exact(sk.accuracy_score(y, predicted))}\n")
    out.write(f"majority {exact(max(np.mean(y), 1 - np.mean(y)))}\n")
    nan = float("nan")
    out.write(f"balanced {exact(sk.balanced_accuracy_score(y, predicted) if both else nan)}\n")
    out.write(f"matthews {exact(sk.matthews_corrcoef(y, predicted) if both else nan)}\n")
    out.write(f"auc {exact(sk.roc_auc_score(y, p) if both else nan)}\n")
    out.write(f"ap {exact(sk.average_precision_score(y, p) if both else nan)}\n")
    write_operating_points(out, y, p)
    write_calibration(out, y, p)
    fpr, tpr, threshold = sk.roc_curve(y, p, drop_intermediate=False)
    write_curve(out, "roc", fpr, tpr, [np.inf, *threshold[1:]])
    precision, recall, threshold = sk.precision_recall_curve(y, p)
    if not y.any():  # scikit-learn calls recall 1 where there is nothing to recall; we say NaN
        recall[:] = nan
    write_curve(out, "pr", recall, precision, [*threshold, np.inf])
    labels = [0, 1] if len(np.unique(np.concatenate([y, predicted]))) == 1 else None
    text = sk.classification_report(y, predicted, target_names=NAMES, labels=labels)
    out.write(f"text {text.count(chr(10))}\n{text}")


def delicate_matrices():
    """Cells whose accuracy, recall or precision is an exact x.xx5, and random ones."""
    rng = np.random.default_rng(6)
    for n in (8, 40, 200, 200, 200, 200, 1000, 1000, 2000):
        for _ in range(16):
            fakes = int(rng.integers(1, n))
            wrong = min(round(n * (int(rng.integers(0, 50)) + 0.5) / 100), n)
            miss = int(rng.integers(max(0, wrong - (n - fakes)), min(wrong, fakes) + 1))
            yield n - fakes - (wrong - miss), wrong - miss, miss, fakes - miss
    for _ in range(100):
        yield tuple(int(v) for v in rng.integers(0, 10 ** rng.integers(1, 5), 4) + [0, 1, 1, 0])


def main():
    with open("tests/golden/sklearn_metrics.txt", "w") as out:
        for name, y, p in case_rows():
            write_case(out, name, y, p)
    with open("tests/golden/bootstrap.txt", "w") as out:
        write_bootstrap(out)
    with open("tests/golden/sklearn_tables.txt", "w") as out:
        out.write("# tn fp fn tp, then every figure of the text in order\n")
        for tn, fp, fn, tp in delicate_matrices():
            y = np.repeat([0, 0, 1, 1], [tn, fp, fn, tp])
            predicted = np.repeat([0, 1, 0, 1], [tn, fp, fn, tp])
            text = sk.classification_report(y, predicted, target_names=NAMES)
            figures = [w for line in text.splitlines() for w in line.split() if w[0].isdigit()]
            out.write(" ".join(map(str, [tn, fp, fn, tp, *figures])) + "\n")


main()
