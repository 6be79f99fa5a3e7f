#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""judge_scipy.py JUDGE_CLI: the statistics against scipy's and numpy's, and against plain enumeration.

Random sides with and without ties: p by mannwhitneyu (exact) or by all permutations, the shift and its
interval by sorting all differences, Holm by its definition, the model by lstsq. Last line: the sum.
"""
import math
import subprocess
import sys

import numpy as np
from scipy import stats

CASES = 150
random = np.random.default_rng(20)
results = []


def check(good, what):
    results.append(bool(good))
    if not good:
        print(f"FAIL {what}")


def close(a, b, relative=1e-9):
    return np.allclose(a, b, rtol=relative, atol=1e-12)


def words(*parts):
    return " ".join(repr(float(p)) if isinstance(p, (float, np.floating)) else str(p) for p in parts)


def ask(lines):
    answer = subprocess.run([sys.argv[1]], input="\n".join(lines), capture_output=True, text=True, check=True)
    return [[float(word) for word in line.split()] for line in answer.stdout.splitlines()]


def bound(n, m, tail):
    """The largest k with P(U < k) <= tail, by counting partitions in whole numbers."""
    ways = [[[0] * (n * m + 1) for _ in range(n + 1)] for _ in range(m + 1)]
    for j in range(m + 1):
        for i in range(n + 1):
            if not i or not j:
                ways[j][i][0] = 1
                continue
            for u in range(n * m + 1):
                ways[j][i][u] = ways[j - 1][i][u] + (ways[j][i - 1][u - j] if u >= j else 0)
    total, k, below = math.comb(n + m, n), 0, 0
    while (below + ways[m][n][k]) / total <= tail:
        below += ways[m][n][k]
        k += 1
    return k


def u_statistic(base, head, axis=-1):
    """U of the head, for many arrangements at once: from the ranks of all."""
    ranks = stats.rankdata(np.concatenate((base, head), axis=axis), axis=axis)
    return ranks[..., base.shape[axis]:].sum(axis=axis)


def p_expected(base, head):
    if len(np.unique(np.concatenate((base, head)))) == len(base) + len(head):
        return stats.mannwhitneyu(head, base, method="exact").pvalue
    return stats.permutation_test((base, head), u_statistic, vectorized=True, n_resamples=np.inf).pvalue


def sides():
    cases = []
    for case in range(CASES):
        most = 6 if case % 2 else 21  # permutations are enumerated, of 2 at least
        n, m = random.integers(1 + case % 2, most, 2)
        base, head = random.normal(100, 3, n), random.normal(100 + case % 4, 3, m)
        if case % 2:
            base, head = np.round(base / 2), np.round(head / 2)
        cases.append((base, head))
    answers = ask([words("sides", len(b), len(h), *b, *h) for b, h in cases])
    check(len(answers) == CASES, "an answer for each pair of sides")
    for (base, head), (p, shift, low, high, *middle, _) in zip(cases, answers):
        differences = np.sort(np.subtract.outer(head, base).ravel())
        k = max(1, bound(len(base), len(head), 0.005))
        what = f"{list(base)} {list(head)}"
        check(close(p, p_expected(base, head)), f"p {p} of {what}")
        check(close(shift, np.median(differences)), f"shift of {what}")
        check(close([low, high], [differences[k - 1], differences[-k]]), f"interval of {what}")
        check(close(middle, [np.median(base), np.median(head)]), f"medians of {what}")


def holm():
    cases = [np.round(random.random(random.integers(1, 30)) ** 3, 2 + case % 4) for case in range(40)]
    for p, answer in zip(cases, ask([words("holm", len(p), *p) for p in cases])):
        expected, least = {}, 0.0
        for done, one in enumerate(sorted(p)):
            least = max(least, min(1.0, one * (len(p) - done)))
            expected.setdefault(one, least)
        check(close(answer, [expected[one] for one in p]), f"Holm of {list(p)}")


def model():
    cases = []
    for _ in range(60):
        terms = random.integers(1, 8)
        x = random.normal(0, 10.0 ** random.integers(-3, 4, terms), (random.integers(terms + 1, 60), terms))
        x[:, 0] = 1
        cases.append((x, x @ random.normal(0, 5, terms) + random.normal(0, 2, len(x))))
    answers = ask([words("model", *x.shape, *x.ravel(), *y) for x, y in cases])
    check(len(answers) == len(cases), "an answer for each model")
    for (x, y), (r2, residual, *rest) in zip(cases, answers):
        value = np.linalg.lstsq(x / np.linalg.norm(x, axis=0), y, rcond=None)[0] / np.linalg.norm(x, axis=0)
        squares = np.sum((y - x @ value) ** 2)
        sigma = math.sqrt(squares / (len(y) - x.shape[1]))
        error = sigma * np.sqrt(np.diag(np.linalg.inv(x.T @ x)))
        check(close(rest[0::2], value, 1e-7), f"coefficients of {x.shape}")
        check(close(rest[1::2], error, 1e-6), f"standard errors of {x.shape}")
        check(close(residual, sigma, 1e-7), f"residual of {x.shape}")
        check(np.isclose(r2, 1 - squares / np.sum((y - y.mean()) ** 2), atol=1e-9), f"r2 of {x.shape}")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: judge_scipy.py JUDGE_CLI")
    sides()
    holm()
    model()
    print(f"judge-scipy: {sum(results)} passed, {len(results) - sum(results)} failed")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
