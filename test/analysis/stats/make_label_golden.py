"""Makes label-golden.json: outside values for the statistics of label effects: rank tests and estimates, paired shares, dominance,
false discovery, medians, trends over labels, information, slopes, power.
Run: pip install scipy==1.17.1 statsmodels==0.15.0 scikit-learn pandas; R 4.2 as Rscript; python make_label_golden.py > label-golden.json"""
import itertools
import json
import subprocess
import numpy as np
import pandas as pd
import scipy, statsmodels
from scipy import optimize, stats
from sklearn.metrics import mutual_info_score
from statsmodels.formula.api import ols
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

rng = np.random.default_rng(20261201)


def r(code):
    return json.loads(subprocess.run(['Rscript', '-e', code], check=True, capture_output=True, text=True).stdout.strip())


def r_list(values):
    return 'c(' + ','.join(repr(float(v)) for v in values) + ')'


out = {'made_with': {'scipy': scipy.__version__, 'statsmodels': statsmodels.__version__, 'numpy': np.__version__,
                     'R': r('cat(sprintf("\\"%s\\"", as.character(getRversion())))')}}

# Signed rank: scipy's exact count without ties, its sign patterns with ties and zeros, its normal approximation beyond.
out['signed_rank'] = []
for n, shift, digits, zero in ((9, .4, 4, 'wilcox'), (17, .3, 4, 'pratt'), (41, .2, 4, 'wilcox')):
    d = np.round(rng.normal(shift, 1, n), digits)
    out['signed_rank'].append([d.tolist(), zero, float(stats.wilcoxon(d, zero_method=zero, method='exact').pvalue)])
for n, zero in ((10, 'wilcox'), (11, 'pratt'), (13, 'pratt')):
    d = np.round(rng.normal(.7, 1.3, n), 0)
    d[0] = 0
    kept = d if zero == 'pratt' else d[d != 0]
    ranks = stats.rankdata(abs(kept)) * (kept != 0)
    seen = ranks @ np.sign(kept)
    sums = np.array([np.dot(ranks, signs) for signs in itertools.product((-1, 1), repeat=len(kept))])
    out['signed_rank'].append([d.tolist(), zero, float(np.mean(abs(sums) >= abs(seen) - 1e-9))])
for n, zero in ((80, 'pratt'), (80, 'wilcox')):
    d = np.round(rng.normal(.4, 1.5, n), 0)
    res = stats.wilcoxon(d, zero_method=zero, correction=True, method='asymptotic')
    out['signed_rank'].append([d.tolist(), zero, float(res.pvalue)])

# Hodges-Lehmann: R's exact interval.
out['hodges_lehmann'] = []
for n, level in ((6, .95), (11, .95), (24, .9), (48, .99)):
    v = np.round(rng.normal(.5, 1, n), 4)
    got = r(f'x <- wilcox.test({r_list(v)}, conf.int=TRUE, exact=TRUE, conf.level={level}); cat(sprintf("[%.17g,%.17g,%.17g]", x$estimate, x$conf.int[1], x$conf.int[2]))')
    out['hodges_lehmann'].append([v.tolist(), level, got])
v = np.round(rng.standard_t(3, 120), 4)
out['hodges_lehmann_large'] = [v.tolist(), r(f'x <- wilcox.test({r_list(v)}, conf.int=TRUE, exact=TRUE); cat(sprintf("[%.17g,%.17g,%.17g]", x$estimate, x$conf.int[1], x$conf.int[2]))')]

# McNemar: statsmodels' exact p; mid-p by its definition; Bonett and Price by theirs.
out['mcnemar'] = []
for a, b, c, d in ((10, 7, 1, 12), (3, 0, 5, 1), (40, 12, 12, 30), (0, 31, 14, 0), (20, 0, 0, 20)):
    n = a + b + c + d
    p = float(mcnemar([[a, b], [c, d]], exact=True).pvalue) if b + c else None
    mid = None if b + c == 0 else float(2 * stats.binom.cdf(min(b, c), b + c, .5) - stats.binom.pmf(min(b, c), b + c, .5))
    p1, p2 = (b + 1) / (n + 2), (c + 1) / (n + 2)
    half = stats.norm.ppf(.975) * np.sqrt((p1 + p2 - (p1 - p2) ** 2) / (n + 2))
    out['mcnemar'].append([[a, b, c, d], p, mid, [float(p1 - p2 - half), float(p1 - p2 + half)]])

# Cliff's delta: Somers' d of value and group; the variance from the whole dominance matrix.
out['cliff'] = []
for m, n, digits in ((9, 14, 3), (20, 11, 0)):
    x, y = np.round(rng.normal(.8, 1.5, m), digits), np.round(rng.normal(0, 1.5, n), digits)
    d = np.sign(x[:, None] - y[None, :])
    delta = float(stats.somersd(np.r_[np.ones(m), np.zeros(n)], np.r_[x, y]).statistic)
    assert abs(delta - d.mean()) < 1e-12
    row, col = d.mean(1), d.mean(0)
    row_part, col_part = ((row - delta) ** 2).sum() / (m - 1), ((col - delta) ** 2).sum() / (n - 1)
    # Unbiased: components of a two-way layout of one value a cell, rows and columns drawn, as in an analysis of variance.
    rest = ((d - row[:, None] - col[None, :] + delta) ** 2).sum() / ((m - 1) * (n - 1))
    var = (row_part - rest / n) / m + (col_part - rest / m) / n + rest / (m * n)
    t = stats.t.ppf(.975, m + n - 2)
    s2 = max(var, (1 - delta ** 2) / (m * n - 1))
    ends = [(delta - delta ** 3 + sign * t * np.sqrt(s2) * np.sqrt(1 - 2 * delta ** 2 + delta ** 4 + t * t * s2)) / (1 - delta ** 2 + t * t * s2) for sign in (-1, 1)]
    out['cliff'].append([x.tolist(), y.tolist(), delta, [float(e) for e in ends]])
left = np.round(rng.normal(.5, 1, 15), 1); right = np.round(left * .5 + rng.normal(0, 1, 15), 1)
d = np.sign(left[:, None] - right[None, :]); off = ~np.eye(15, dtype=bool)
between = d[off].mean()
without = []
for i in range(15):
    keep = np.delete(np.arange(15), i); sub = d[np.ix_(keep, keep)]
    without.append(sub[~np.eye(14, dtype=bool)].mean())
s2 = 14 / 15 * ((np.array(without) - np.mean(without)) ** 2).sum(); t = stats.t.ppf(.975, 14)
ends = [(between - between ** 3 + sign * t * np.sqrt(s2) * np.sqrt((1 - between ** 2) ** 2 + t * t * s2)) / (1 - between ** 2 + t * t * s2) for sign in (-1, 1)]
out['paired_dominance'] = [left.tolist(), right.tolist(), float(np.diag(d).mean()), float(between), [float(e) for e in ends]]

out['benjamini_hochberg'] = [[p, multipletests(p, method='fdr_bh')[1].tolist()] for p in ([.01, .04, .03, .005], [.2, .2, .001], [.5, .9, .6, .04, .04], [.013], [1, .999])]

# Medians: scipy's intervals from its own resamples, and ends from many resamples.
out['median'] = []
for name, v in (('normal', rng.normal(2, 1, 15)), ('skewed', rng.exponential(1, 24))):
    v = np.round(v, 4)
    entry = {'name': name, 'values': v.tolist()}
    for method in ('percentile', 'BCa'):
        res = stats.bootstrap((v,), np.median, n_resamples=499, method=method, rng=np.random.default_rng(5))
        entry['distribution'] = [float(m) for m in np.sort(res.bootstrap_distribution)]
        entry[method] = [float(res.confidence_interval.low), float(res.confidence_interval.high)]
    entry['without_each'] = [float(np.median(np.delete(v, i))) for i in range(len(v))]
    entry['moments'] = [float(f(np.median(v[rng.integers(0, len(v), (200000, len(v)))], axis=1))) for f in (np.mean, np.std)]
    out['median'].append(entry)

# Crossed bootstrap of 6 seeds and 10 topics: mean and spread of many resamples' ends.
table = np.round(rng.normal(size=(6, 1)) * .5 + rng.normal(size=(1, 10)) + .5 * rng.normal(size=(6, 10)), 3)
s = rng.integers(0, 6, (100000, 6)); t = rng.integers(0, 10, (100000, 10))
means = np.array([table[np.ix_(a, b)].mean() for a, b in zip(s, t)])
medians = np.array([np.median(table[np.ix_(a, b)].mean(0)) for a, b in zip(s, t)])
out['crossed_bootstrap'] = [table.tolist(), [float(q) for q in np.quantile(means, (.025, .975))], [float(q) for q in np.quantile(medians, (.025, .975))]]

out['isotonic'] = []
for weights in (None, np.round(rng.uniform(.2, 3, 12), 2)):
    for increasing in (True, False):
        v = np.round((1 if increasing else -1) * np.arange(12) * .2 + rng.normal(0, 1, 12), 3)
        res = optimize.isotonic_regression(v, weights=weights, increasing=increasing)
        out['isotonic'].append([v.tolist(), None if weights is None else weights.tolist(), increasing, res.x.tolist()])

# Page: scipy's exact p (rising) without ties; all orders of every topic with ties; scipy's normal p for many topics.
out['page'] = []
for n, k in ((4, 3), (9, 5), (3, 7)):
    y = np.round(rng.normal(size=(n, k)) + .3 * np.arange(k), 3)
    res = stats.page_trend_test(y, method='exact')
    out['page'].append([y.tolist(), float(res.statistic), float(res.pvalue), True])
y = np.round(rng.normal(size=(3, 4)) + .4 * np.arange(4), 0)
ranks = np.apply_along_axis(stats.rankdata, 1, y); place = np.arange(1, 5)
orders = [[np.dot(place, p) for p in itertools.permutations(row)] for row in ranks]
seen = (ranks @ place).sum(); sums = np.array([sum(o) for o in itertools.product(*orders)])
out['page'].append([y.tolist(), float(seen), float(np.mean(sums >= seen - 1e-9)), True])
y = np.round(rng.normal(size=(60, 11)) + .03 * np.arange(11), 4)
res = stats.page_trend_test(y, method='asymptotic')
out['page_normal'] = [y.tolist(), float(res.statistic), float(res.pvalue)]

# Jonckheere-Terpstra: all dealings without ties; Kendall's tie-corrected S for the normal p.
groups = [[1.2, .3, 2.1], [.9, 2.4, 1.7], [2.2, 3.0, .5, 2.9]]
def j_of(parts): return sum(float(np.sum(np.sign(np.subtract.outer(parts[h], parts[g])) + 1)) / 2 for g in range(len(parts)) for h in range(g + 1, len(parts)))
pool = np.concatenate(groups); seen = j_of(groups); js = []
for first in itertools.combinations(range(10), 3):
    rest = [i for i in range(10) if i not in first]
    for second in itertools.combinations(rest, 3):
        third = [i for i in rest if i not in second]
        js.append(j_of([pool[list(first)], pool[list(second)], pool[third]]))
js = np.array(js)
out['jonckheere_exact'] = [groups, seen, float((js >= seen).mean()), float(min(1, 2 * min((js >= seen).mean(), (js <= seen).mean())))]
tied = [np.round(rng.normal(.4 * g, 1.5, 12 + 3 * g), 0) for g in range(4)]
group = np.concatenate([np.full(len(v), g) for g, v in enumerate(tied)])
out['jonckheere_tied'] = [[v.tolist() for v in tied], j_of(tied), float(stats.kendalltau(group, np.concatenate(tied), method='asymptotic').pvalue)]

# Information in bits.
label = rng.integers(0, 3, 60); behaviour = (label + rng.integers(0, 3, 60)) % 4; topic = np.arange(60) % 10
plug = mutual_info_score(label, behaviour) / np.log(2)
def mm(v): counts = np.unique(v, return_counts=True)[1]; p = counts / counts.sum(); return -(p * np.log2(p)).sum() + (len(counts) - 1) / (2 * counts.sum() * np.log(2))
within = sum((topic == t).mean() * mutual_info_score(label[topic == t], behaviour[topic == t]) for t in range(10)) / np.log(2)
null = []
for _ in range(20000):
    shuffled = label.copy()
    for t in range(10): shuffled[topic == t] = rng.permutation(shuffled[topic == t])
    null.append(mutual_info_score(shuffled, behaviour) / np.log(2))
out['information'] = {'rows': np.c_[topic, label, behaviour].tolist(), 'pooled': float(plug), 'within': float(within),
                      'miller_madow': float(mm(label) + mm(behaviour) - mm(label * 10 + behaviour)), 'null_mean': float(np.mean(null)), 'null_p': float(np.mean(np.array(null) >= plug - 1e-9))}

# Slope within topics: least squares with a constant per topic and cluster-robust errors, unbalanced.
frame = pd.DataFrame([(t, x, .03 * x + rng.normal() * .5) for t in range(12) for x in (0, 20, 40, 75, 100)[: 2 + t % 4]], columns=['topic', 'x', 'y'])
frame['y'] = (frame['y'] + frame['topic'] * .7).round(3)
fit = ols('y ~ x + C(topic)', frame).fit(cov_type='cluster', cov_kwds={'groups': frame['topic'], 'use_correction': False})
out['slope'] = {'rows': frame.values.tolist(), 'slope': float(fit.params['x']), 'error': float(fit.bse['x'] * np.sqrt(12 / 11))}

# Power of the t test where the pilot is a fine grid of normal values: the closed form.
pilot = stats.norm.ppf((np.arange(400) + .5) / 400); pilot = pilot / pilot.std()
out['power'] = [[effect, n, float(TTestPower().power(effect, n, .05))] for effect, n in ((.5, 34), (.3, 90), (.8, 15))]
out['power_pilot'] = pilot.tolist()

# Closest curves: numpy's least squares on each step and bent line.
x = np.array([0, 10, 25, 50, 75, 100.]); y = np.array([.1, .12, .2, .55, .8, .79])
def squares(columns): a = np.column_stack([np.ones(6)] + columns); return float(((y - a @ np.linalg.lstsq(a, y, rcond=None)[0]) ** 2).sum())
cuts = (x[1:] + x[:-1]) / 2
logistic = min(optimize.least_squares(lambda q: q[0] + q[1] / (1 + np.exp(-(x - q[2]) / q[3])) - y, [.1, .7, 45, 12], bounds=([-5, -5, 0, 50 / (2 * np.log(9))], [5, 5, 100, 200 / (2 * np.log(9))])).cost * 2 for _ in range(1))
out['curves'] = {'x': x.tolist(), 'y': y.tolist(), 'line': squares([x]), 'step': min(squares([(x > c) * 1.]) for c in cuts), 'step_at': float(min(cuts, key=lambda c: squares([(x > c) * 1.]))),
                 'bent line': min(squares([x, np.maximum(0, x - c)]) for c in x[1:-1]), 'logistic': float(logistic)}
print(json.dumps(out))
