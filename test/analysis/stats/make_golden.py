"""Makes golden.json: outside values for src/analysis/stats. Run: pip install scipy==1.17.1 statsmodels==0.15.0 scikit-learn;
python make_golden.py > golden.json"""
import json
import numpy as np
import scipy, statsmodels
from scipy import special, stats
from sklearn.metrics import roc_auc_score
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(20260101)
out = {'made_with': {'scipy': scipy.__version__, 'statsmodels': statsmodels.__version__, 'numpy': np.__version__}}
xs = [-12, -6.5, -3.6, -3.4, -1.96, -.3, 0, .7, 2.5, 4.2]
ps = [1e-12, 1e-4, .0123, .025, .3, .5, .8, .975, .9999]
out['normal_cdf'] = [[x, float(stats.norm.cdf(x))] for x in xs]
out['normal_quantile'] = [[p, float(stats.norm.ppf(p))] for p in ps]
out['student_cdf'] = [[x, f, float(stats.t.cdf(x, f))] for x in xs for f in (1, 4, 7, 39, 400)]
out['student_quantile'] = [[p, f, float(stats.t.ppf(p, f))] for p in ps[1:] for f in (1, 4, 7, 39, 400)]
out['log_gamma'] = [[x, float(special.gammaln(x))] for x in (.5, 1, 2.5, 10, 97, 1234.5)]
out['wilson'] = []
for count, n in ((0, 5), (1, 7), (5, 5), (31, 96), (480, 960)):
    for level in (.8, .95, .99):
        low, high = proportion_confint(count, n, alpha=1 - level, method='wilson')
        out['wilson'].append([count, n, level, float(low), float(high)])
out['sign_test'] = [[w, l, float(stats.binomtest(w, w + l).pvalue)] for w, l in ((0, 1), (3, 5), (6, 6), (2, 17), (88, 8), (511, 449))]
out['holm'] = []
for p in ([.01, .04, .03, .005], [.2, .2, .001], [.5, .9, .6, .04, .04], [.013]):
    out['holm'].append([p, multipletests(p, method='holm')[1].tolist()])
d = np.round(rng.normal(.6, 1, 9), 3)
test = stats.permutation_test((d,), np.mean, permutation_type='samples', n_resamples=np.inf, vectorized=False)
out['paired_permutation'] = [[d.tolist(), float(test.pvalue)]]
x = np.round(rng.normal(0, 1, 13), 3); y = np.round(.5 * x + rng.normal(0, 1, 13), 3)
out['pearson'] = [[x.tolist(), y.tolist(), float(stats.pearsonr(x, y).statistic)]]
pos = np.round(rng.normal(.8, 1, 11), 1); neg = np.round(rng.normal(0, 1, 17), 1)
out['auc'] = [[pos.tolist(), neg.tolist(), float(roc_auc_score([1] * 11 + [0] * 17, np.r_[pos, neg]))]]
z = np.round(rng.normal(-200, 8, 6), 3)
out['log_sum_exp'] = [[z.tolist(), float(special.logsumexp(z))]]
out['bootstrap'] = []
for name, v in (('normal', rng.normal(2, 1, 14)), ('skewed', rng.exponential(1, 23)), ('judge scores', np.floor(11 * rng.random(30) ** 2))):
    v = np.round(v, 4)
    entry = {'name': name, 'values': v.tolist()}
    for method in ('percentile', 'BCa'):
        res = stats.bootstrap((v,), np.mean, n_resamples=499, method=method, rng=np.random.default_rng(5))
        entry['distribution'] = [float(m) for m in np.sort(res.bootstrap_distribution)]
        entry[method] = [float(res.confidence_interval.low), float(res.confidence_interval.high)]
    many = stats.bootstrap((v,), np.mean, n_resamples=200000, method='BCa', batch=2000, rng=np.random.default_rng(6))
    entry['BCa_200000'] = [float(many.confidence_interval.low), float(many.confidence_interval.high)]
    out['bootstrap'].append(entry)
print(json.dumps(out))
