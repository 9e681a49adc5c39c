#!/usr/bin/env python3
"""Makes cases.tsv, what scikit-learn says of random predictions, which test_sklearn.lua replays: run it by hand with the
distribution's python3-sklearn, and keep what it made.

    /usr/bin/python3 tests/sklearn/make_cases.py [--seed N]

A line of the file is a set of predictions or a question about the last one, with tabs between its fields:

    data    kind    name=numbers ...
    case    Lua of the call, in which the names stand for tensors    what scikit-learn answers

An answer is a number, a list of numbers "[...]", several answers with "; " between them, or a text "text:...".

Where gradus differs on purpose: 0/0 is nan and not 0, unless it is asked for scikit-learn's numbers (zero_division=0,
force_finite=true); roc_auc_score of a single class is nan and not an error; the first threshold of roc_curve is inf, as
in scikit-learn from 1.3 on.
"""
import argparse
import os
import warnings

import numpy as np
from sklearn import metrics as sk

warnings.simplefilter("ignore")  # of 0/0, which is wanted here


def numbers(a):
    return " ".join(repr(x) for x in np.asarray(a, dtype=float).ravel().tolist())


def answer(value):
    if isinstance(value, tuple):
        return "; ".join(answer(v) for v in value)
    if isinstance(value, str):
        return "text:" + value.replace("\n", "\\n")
    if np.ndim(value) == 0:
        return repr(float(value))
    return "[%s]" % numbers(value)


class Suite:
    def __init__(self, seed):
        self.random = np.random.RandomState(seed)
        self.lines = []

    def data(self, kind, **arrays):
        fields = ["%s=%s:%s" % (k, ",".join(map(str, np.shape(a))), numbers(a)) for k, a in arrays.items()]
        self.lines.append("\t".join(["data", kind] + fields))

    def case(self, lua, value):
        self.lines.append("\t".join(["case", lua, answer(value)]))


# ---- predicted labels ----

AVERAGES = ["macro", "weighted", "micro"]


def label_pair(random):
    """Labels and predictions: few samples or many, classes that are missing on either side, single classes."""
    n, k = random.choice([1, 2, 3, 10, 40]), random.choice([1, 2, 2, 2, 3, 5, 8])
    truth = random.randint(0, k, n)
    guess = np.where(random.random_sample(n) < random.choice([0, 0.5, 0.9]), truth, random.randint(0, k, n))
    if random.random_sample() < 0.2:
        guess[:] = random.randint(0, k)
    if random.random_sample() < 0.1:
        truth[:] = random.randint(0, k)
    return truth, guess, k


def labels(suite):
    t, p, k = label_pair(suite.random)
    w = np.round(suite.random.random_sample(len(t)) * 2, 2) + 0.01
    weighted = suite.random.random_sample() < 0.4
    extra, kw = (", sample_weight=w", dict(sample_weight=w)) if weighted else ("", {})
    suite.data("labels", t=t, p=p, w=w)

    def ask(name, lua="", **python):
        value = getattr(sk, name)(t, p, **python, **kw)
        suite.case("metrics.%s(t, p, {%s})" % (name, (lua + extra).lstrip(", ")), value)

    ask("accuracy_score")
    ask("accuracy_score", "normalize=false", normalize=False)
    ask("balanced_accuracy_score")
    ask("matthews_corrcoef")
    ask("cohen_kappa_score")
    ask("cohen_kappa_score", 'weights="linear"', weights="linear")
    ask("cohen_kappa_score", 'weights="quadratic"', weights="quadratic")
    present = sorted(set(t) | set(p))
    if set(present) <= {0, 1}:
        ask("precision_score", "zero_division=0", zero_division=0)
        ask("recall_score", "zero_division=1", zero_division=1)
        ask("f1_score", "zero_division=0", zero_division=0)
        ask("jaccard_score", "zero_division=0", zero_division=0)
        ask("fbeta_score", "beta=2, zero_division=0", beta=2, zero_division=0)
        if len(present) == 2:
            ask("f1_score", "positive=0, zero_division=0", pos_label=0, zero_division=0)
        specificity = sk.recall_score(t, p, pos_label=0, zero_division=0, **kw) if 0 in present else 0.0
        suite.case("metrics.specificity_score(t, p, {positive=1, zero_division=0%s})" % extra, specificity)
    for average in suite.random.choice(AVERAGES, 2, replace=False):
        for name in ["precision_score", "recall_score", "f1_score", "jaccard_score"]:
            ask(name, 'average="%s", zero_division=0' % average, average=average, zero_division=0)
        ask("fbeta_score", 'average="%s", beta=0.5, zero_division=0' % average, average=average, beta=0.5,
            zero_division=0)
    # All classes there could be, one of them never seen.
    wanted = list(range(k + 1))
    every = ("labels={%s}, zero_division=0" % ", ".join(map(str, wanted)))
    for beta in suite.random.choice([1, 0.5, 2], 1):
        ask("precision_recall_fscore_support", every + ", beta=%s" % beta, labels=wanted, zero_division=0, beta=beta)
    ask("f1_score", every + ', average="macro"', labels=wanted, average="macro", zero_division=0)
    some = [wanted[0]] if k == 1 else wanted[1:k]
    ask("recall_score", 'labels={%s}, average="micro", zero_division=1' % ", ".join(map(str, some)), labels=some,
        average="micro", zero_division=1)
    for normalize in suite.random.choice(["true", "pred", "all"], 1):
        value = sk.confusion_matrix(t, p, labels=wanted, normalize=normalize, **kw)
        suite.case('rates(metrics.confusion_matrix(t, p, {labels={%s}, layout="sklearn", normalize="%s"%s}))'
                   % (", ".join(map(str, wanted)), normalize, extra), value)
    suite.case('metrics.confusion_matrix(t, p, {labels={%s}, layout="sklearn"%s}).counts'
               % (", ".join(map(str, wanted)), extra), sk.confusion_matrix(t, p, labels=wanted, **kw))
    if k < 5 and (t == p).any():  # without a hit scikit-learn 1.2 writes whole supports as "2.0"
        chosen = suite.random.random_sample() < 0.5
        report = sk.classification_report(t, p, labels=some if chosen else None, zero_division=0, digits=4)
        suite.case("metrics.classification_report(t, p, {%szero_division=0, digits=4})"
                   % ("labels={%s}, " % ", ".join(map(str, some)) if chosen else ""), report.rstrip("\n"))


# ---- scores ----

def ranking(suite):
    r = suite.random
    n = r.choice([2, 3, 10, 60])
    y = r.randint(0, 2, n) if r.random_sample() < 0.85 else np.full(n, r.randint(0, 2))
    s = np.clip(np.round((y * r.choice([0, 0.3]) + r.random_sample(n)) / 1.3, r.choice([1, 3])), 0, 1)  # ties
    if r.random_sample() < 0.1:
        s[:] = 0.5
    w = np.round(r.random_sample(n) * 2, 2) * (r.random_sample(n) > 0.1)
    if not (w > 0).any():
        w[:] = 1
    weighted = r.random_sample() < 0.4
    extra, kw = (", sample_weight=w", dict(sample_weight=w)) if weighted else ("", {})
    suite.data("ranking", y=y, s=s, w=w)
    seen = y[w > 0] if weighted else y
    both = len(set(seen)) == 2
    options = "{%s}" % extra.lstrip(", ")
    suite.case("metrics.roc_auc_score(y, s, %s)" % options, sk.roc_auc_score(y, s, **kw) if both else np.nan)
    has_positive = (seen == 1).any()
    average = sk.average_precision_score(y, s, **kw) if has_positive else np.nan
    suite.case("metrics.average_precision_score(y, s, {positive=1%s})" % extra, average)
    for lua, python in [("true", True), ("false", False)]:
        fpr, tpr, thresholds = sk.roc_curve(y, s, drop_intermediate=python, pos_label=1, **kw)
        thresholds[0] = np.inf
        suite.case("metrics.roc_curve(y, s, {positive=1, drop_intermediate=%s%s})" % (lua, extra),
                   (fpr, tpr, thresholds))
    precision, recall, thresholds = sk.precision_recall_curve(y, s, pos_label=1, **kw)
    if not has_positive:
        recall[:-1] = np.nan
    suite.case("metrics.precision_recall_curve(y, s, {positive=1%s})" % extra, (precision, recall, thresholds))
    suite.case("metrics.brier_score_loss(y, s, {positive=1%s})" % extra, sk.brier_score_loss(y, s, pos_label=1, **kw))
    suite.case("metrics.log_loss(y, s, %s)" % options, sk.log_loss(y, s, labels=[0, 1], **kw))


def classes(suite):
    """Scores of several classes."""
    r = suite.random
    n, k = r.choice([6, 12, 40]), r.choice([3, 4, 7])
    y = r.randint(0, k, n)
    s = np.round(r.dirichlet(np.ones(k), n) + 0.2 * np.eye(k)[y], 1) + 0.01  # with ties
    s /= s.sum(axis=1, keepdims=True)
    w = np.round(r.random_sample(n) * 2, 2) + 0.01
    weighted = r.random_sample() < 0.4
    extra, kw = (", sample_weight=w", dict(sample_weight=w)) if weighted else ("", {})
    suite.data("classes", y=y, s=s, w=w)
    every = list(range(k))
    one_hot = np.eye(k, dtype=int)[y]
    complete = len(set(y)) == k
    for average in AVERAGES:
        value = sk.average_precision_score(one_hot, s, average=average, **kw) \
            if complete or average != "macro" else np.nan
        suite.case('metrics.average_precision_score(y, s, {average="%s"%s})' % (average, extra), value)
        if complete or average == "micro":
            value = sk.roc_auc_score(one_hot, s, average=average, **kw)
        else:
            value = np.nan
            if average == "weighted":
                present = sorted(set(y))
                support = [np.sum((w if weighted else np.ones(n))[y == c]) for c in present]
                value = np.average([sk.roc_auc_score(y == c, s[:, c], **kw) for c in present], weights=support)
        suite.case('metrics.roc_auc_score(y, s, {average="%s"%s})' % (average, extra), value)
    for average in ["macro", "weighted"]:
        value = np.nan
        if complete:
            value = sk.roc_auc_score(y, s, average=average, multi_class="ovo")
        suite.case('metrics.roc_auc_score(y, s, {average="%s", multi_class="ovo"})' % average, value)
    for top in [1, 2, 3]:
        suite.case("metrics.top_k_accuracy_score(y, s, {k=%d%s})" % (top, extra),
                   sk.top_k_accuracy_score(y, s, k=top, labels=every, **kw))
    suite.case("metrics.log_loss(y, s, {%s})" % extra.lstrip(", "), sk.log_loss(y, s, labels=every, **kw))
    hard = np.eye(k)[r.randint(0, k, n)]  # sure, and often wrong
    suite.data("classes", y=y, s=hard)
    suite.case("metrics.log_loss(y, s, {normalize=false})", sk.log_loss(y, hard, labels=every, normalize=False))


# ---- numbers ----

def regression(suite):
    r = suite.random
    n, k = r.choice([1, 2, 5, 30]), r.choice([1, 1, 2, 3])
    t = np.round(r.randn(n, k) * 10 ** r.randint(-2, 3), 3)
    p = np.round(t + r.randn(n, k) * 10.0 ** r.randint(-2, 2), 3)
    if r.random_sample() < 0.15:
        p = t.copy()
    if r.random_sample() < 0.15:
        t[:, 0] = 0.5
    if k == 1:
        t, p = t[:, 0], p[:, 0]
    w = np.round(r.random_sample(n) * 2, 2) + 0.01
    # With weights scikit-learn takes the rounding of a constant's variance for a variance.
    weighted = r.random_sample() < 0.4 and not (np.ptp(t, axis=0) == 0).any()
    extra, kw = (", sample_weight=w", dict(sample_weight=w)) if weighted else ("", {})
    suite.data("regression", t=t, p=p, w=w)

    def ask(name, lua="", gradus=None, square_root=False, **python):
        value = getattr(sk, name)(t, p, **python)
        suite.case("metrics.%s(t, p, {%s})" % (gradus or name, lua.lstrip(", ")), value)

    for name in ["mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error"]:
        ask(name, extra, **kw)
        ask(name, 'multioutput="raw_values"' + extra, multioutput="raw_values", **kw)
    ask("mean_squared_error", extra, gradus="root_mean_squared_error", squared=False, **kw)
    ask("median_absolute_error")
    for name in ["r2_score", "explained_variance_score"] if n > 1 else []:
        for how in ["uniform_average", "raw_values"]:
            ask(name, 'force_finite=true, multioutput="%s"%s' % (how, extra), multioutput=how, **kw)
        if k > 1:
            shares = list(range(1, k + 1))
            ask(name, "force_finite=true, multioutput={%s}%s" % (", ".join(map(str, shares)), extra),
                multioutput=shares, **kw)
            if not (np.ptp(t, axis=0) == 0).any():
                ask(name, 'multioutput="variance_weighted"' + extra, multioutput="variance_weighted", **kw)
    if k == 1:
        suite.case("metrics.max_error(t, p)", sk.max_error(t, p))
    t, p = np.abs(t), np.abs(p)
    suite.case("metrics.mean_squared_log_error(abs(t), abs(p), {%s})" % extra.lstrip(", "),
               sk.mean_squared_log_error(t, p, **kw))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    suite = Suite(parser.parse_args().seed)
    for family, times in [(labels, 80), (ranking, 50), (classes, 30), (regression, 50)]:
        for _ in range(times):
            family(suite)
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "cases.tsv"), "w", encoding="utf-8") as f:
        f.writelines(line + "\n" for line in suite.lines)
    print(sum(line.startswith("data") for line in suite.lines), "data,",
          sum(line.startswith("case") for line in suite.lines), "cases")


main()
