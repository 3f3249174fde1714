"""Makes trust-golden.json: outside values for agreement, rank correlation, judge error and judge noise.
Run: pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 krippendorff==0.9.0 ppi-python==0.2.3 statsmodels==0.15.0;
python make_trust_golden.py > trust-golden.json"""
import json
import krippendorff
import numpy as np
import pandas as pd
import scipy
from ppi_py import ppi_mean_ci, ppi_mean_pointestimate
from scipy import stats
from sklearn.metrics import cohen_kappa_score, confusion_matrix
from statsmodels.formula.api import ols
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(20)
out = {'versions': {'numpy': np.__version__, 'scipy': scipy.__version__, 'krippendorff': '0.9.0', 'ppi-python': '0.2.3'}}
none = lambda values: [None if np.isnan(v) else float(v) for v in values]

# Two raters of a scale of K categories that mostly agree.
out['kappa'] = []
for n, k in ((37, 3), (60, 5), (25, 2)):
    left = rng.integers(0, k, n)
    right = np.where(rng.random(n) < .6, left, rng.integers(0, k, n))
    labels = list(range(k))
    out['kappa'].append({'left': left.tolist(), 'right': right.tolist(), 'categories': labels,
                         'table': confusion_matrix(left, right, labels=labels).tolist(),
                         'none': float(cohen_kappa_score(left, right, labels=labels)),
                         'linear': float(cohen_kappa_score(left, right, labels=labels, weights='linear')),
                         'quadratic': float(cohen_kappa_score(left, right, labels=labels, weights='quadratic')),
                         'agreement_wilson': [float(v) for v in proportion_confint((left == right).sum(), n, method='wilson')]})

# Alpha: R raters, missing values, ties; one with numbers off any grid.
out['alpha'] = []
for raters, items, whole in ((2, 30, True), (3, 24, True), (5, 18, True), (4, 20, False)):
    truth = rng.normal(5, 2.5, items)
    ratings = truth + rng.normal(0, 1.2, (raters, items))
    ratings = np.clip(np.round(ratings), 0, 10) if whole else np.round(ratings, 2)
    ratings[rng.random((raters, items)) < .2] = np.nan
    out['alpha'].append({'ratings': [none(row) for row in ratings],
                         **{m: float(krippendorff.alpha(reliability_data=ratings, level_of_measurement=m)) for m in ('nominal', 'ordinal', 'interval')}})

# Rank correlation with ties, and scipy's bootstrap of it over items.
out['spearman'] = []
for n in (12, 40):
    x = np.round(rng.normal(5, 2, n)); y = np.round(.7 * x + rng.normal(0, 2, n))
    out['spearman'].append({'left': x.tolist(), 'right': y.tolist(), 'value': float(stats.spearmanr(x, y).statistic)})
x, y = out['spearman'][1]['left'], out['spearman'][1]['right']
of = lambda a, b: stats.spearmanr(a, b).statistic
# Quadratic kappa without a table: mean squared difference over that of all pairs of a left and a right rating.
kappa_of = lambda a, b: 1 - np.mean((a - b) ** 2) / (a.var() + b.var() + (a.mean() - b.mean()) ** 2)
a, b = (np.array(out['kappa'][1][side], dtype=float) for side in ('left', 'right'))
assert abs(kappa_of(a, b) - out['kappa'][1]['quadratic']) < 1e-12
out['bootstrap'] = {}
for name, data, statistic in (('spearman', (np.array(x), np.array(y)), of), ('kappa', (a, b), kappa_of)):
    out['bootstrap'][name] = {m: [float(v) for v in stats.bootstrap(data, statistic, paired=True, vectorized=False, n_resamples=20000, method=m, rng=np.random.default_rng(3)).confidence_interval]
                              for m in ('BCa', 'percentile')}

# Bland and Altman: scipy's t interval of the mean difference; normal quantile limits.
left = np.round(rng.normal(5, 2, 20), 2); right = np.round(left + rng.normal(.4, 1, 20), 2); d = left - right
interval = stats.ttest_1samp(d, 0).confidence_interval(.95)
out['difference'] = {'left': left.tolist(), 'right': right.tolist(), 'mean': float(d.mean()), 'low': float(interval.low), 'high': float(interval.high),
                     'sd': float(d.std(ddof=1)), 'lower': float(d.mean() - stats.norm.ppf(.975) * d.std(ddof=1)), 'upper': float(d.mean() + stats.norm.ppf(.975) * d.std(ddof=1))}
# The same with clusters: statsmodels' cluster-robust interval of an intercept (its correction is C/(C-1)).
cluster = np.repeat(np.arange(10), 2)
frame = pd.DataFrame({'d': d, 'cluster': cluster})
fit = ols('d ~ 1', frame).fit(cov_type='cluster', cov_kwds={'groups': frame['cluster'], 'use_correction': True, 'df_correction': True}, use_t=True)
out['difference']['clustered'] = {'clusters': [f'c{c}' for c in cluster], 'error': float(fit.bse.iloc[0]), 'low': float(fit.conf_int().iloc[0, 0]), 'high': float(fit.conf_int().iloc[0, 1])}

# Prediction-powered mean: N texts judged, the first n also by humans. ppi_py keeps the two sets apart, so its weight is
# ours times (N - n) / N.
N, n = 600, 150
truth = rng.normal(4, 2, N); judge = .8 * truth + 1.5 + rng.normal(0, 1, N); human = truth + rng.normal(0, .5, N)
judge, human = np.round(judge, 2), np.round(human, 2)
share = (N - n) / N
mine = {'judge': judge.tolist(), 'human': human[:n].tolist(), 'points': [], 'intervals': []}
for lam in (0., .5, 1.):
    mine['points'].append([lam, float(ppi_mean_pointestimate(human[:n], judge[:n], judge[n:], lam=lam * share)[0])])
    low, high = ppi_mean_ci(human[:n], judge[:n], judge[n:], alpha=.05, lam=lam * share)
    mine['intervals'].append([lam, float(low[0]), float(high[0])])
low, high = ppi_mean_ci(human[:n], judge[:n], judge[n:], alpha=.05)
mine['tuned'] = {'point': float(ppi_mean_pointestimate(human[:n], judge[:n], judge[n:])[0]), 'low': float(low[0]), 'high': float(high[0])}
out['ppi'] = mine

# Judge noise: a balanced nested design, mean squares from statsmodels' analysis of variance.
T, M, R = 9, 2, 3
y = 5 + rng.normal(0, 1.5, (T, 1, 1)) + rng.normal(0, .8, (T, M, 1)) + rng.normal(0, .6, (T, M, R)); y = np.round(y, 2)
from statsmodels.stats.anova import anova_lm
frame = pd.DataFrame([(t, f'{t}-{m}', y[t, m, r]) for t in range(T) for m in range(M) for r in range(R)], columns=['topic', 'text', 'y'])
topics = anova_lm(ols('y ~ C(topic)', frame).fit()); texts = anova_lm(ols('y ~ C(text)', frame).fit())
within = texts['mean_sq'].iloc[1]
ms_topic = topics['mean_sq'].iloc[0]
ms_text = (texts['sum_sq'].iloc[0] - topics['sum_sq'].iloc[0]) / (T * (M - 1))
noise = within / (T * M * R)
t = stats.t.ppf(.975, T * M * (R - 1))
out['noise'] = {'values': y.tolist(), 'mean': float(y.mean()), 'judgements': float(np.sqrt(within)), 'texts': float(np.sqrt((ms_text - within) / R)),
                'topics': float(np.sqrt((ms_topic - ms_text) / (M * R))), 'error': float(np.sqrt(ms_topic / (T * M * R))), 'low': float(y.mean() - t * np.sqrt(noise)),
                'high': float(y.mean() + t * np.sqrt(noise)), 'share': float(noise / (ms_topic / (T * M * R)))}
print(json.dumps(out))
