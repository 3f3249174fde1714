"""Makes design-golden.json: outside values for detection, crossed seeds and topics, and the rise at an edge.
Run: pip install scipy==1.17.1 statsmodels==0.15.0 scikit-learn pandas; python make_design_golden.py > design-golden.json"""
import json
import numpy as np
import pandas as pd
import scipy, statsmodels
from scipy import stats
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

rng = np.random.default_rng(20261125)
out = {'made_with': {'scipy': scipy.__version__, 'statsmodels': statsmodels.__version__, 'numpy': np.__version__}}

# Detection: 11 topics with unequal numbers of right and wrong claims, sampled answers.
rows = []
for topic in range(11):
    lean = rng.normal(0, .7)
    for kind, count in ((1, 1 + topic % 3), (0, 2 + (topic * 5) % 4)):
        for _ in range(count):
            rows.append((topic, kind, int(rng.random() < stats.norm.cdf((1.0 if kind else -.6) + lean))))
topic, right, yes = (np.array(column) for column in zip(*rows))
(tn, fp), (fn, tp) = confusion_matrix(right, yes)
table = np.array([[((topic == t) & (right == 1) & (yes == 1)).sum(), ((topic == t) & (right == 1)).sum(),
                   ((topic == t) & (right == 0) & (yes == 1)).sum(), ((topic == t) & (right == 0)).sum()] for t in range(11)], float)
z = stats.norm.ppf
def rate(hits, all_): return (hits + .5) / (all_ + 1)
statistics = {
    'falsePositivesPerNegative': lambda a, b, c, d: c / d,
    'falseNegativesPerPositive': lambda a, b, c, d: 1 - a / b,
    'falsePositivesPerAll': lambda a, b, c, d: c / (b + d),
    'accuracy': lambda a, b, c, d: (a + d - c) / (b + d),
    'balancedAccuracy': lambda a, b, c, d: (a / b + 1 - c / d) / 2,
    'dPrime': lambda a, b, c, d: z(rate(a, b)) - z(rate(c, d)),
    'criterion': lambda a, b, c, d: -(z(rate(a, b)) + z(rate(c, d))) / 2,
}
sklearn_values = {'falsePositivesPerNegative': fp / (fp + tn), 'falseNegativesPerPositive': fn / (fn + tp), 'falsePositivesPerAll': fp / len(rows),
                  'accuracy': accuracy_score(right, yes), 'balancedAccuracy': balanced_accuracy_score(right, yes)}
measures = {}
for name, f in statistics.items():
    def of_sums(a, b, c, d, axis=-1, f=f): return f(a.sum(axis), b.sum(axis), c.sum(axis), d.sum(axis))
    value = float(of_sums(*table.T))
    assert abs(value - sklearn_values.get(name, value)) < 1e-12
    few = stats.bootstrap(tuple(table.T), of_sums, paired=True, n_resamples=199, method='BCa', rng=np.random.default_rng(5))
    many = {m: stats.bootstrap(tuple(table.T), of_sums, paired=True, n_resamples=100000, method=m, batch=5000, rng=np.random.default_rng(6)).confidence_interval for m in ('BCa', 'percentile')}
    without = [float(of_sums(*np.delete(table, t, 0).T)) for t in range(11)]
    measures[name] = {'value': value, 'without_each': without, 'distribution': [float(v) for v in np.sort(few.bootstrap_distribution)],
                      'BCa': [float(e) for e in few.confidence_interval], 'BCa_many': [float(e) for e in many['BCa']], 'percentile_many': [float(e) for e in many['percentile']]}
out['detection'] = {'rows': [[int(v) for v in row] for row in rows], 'measures': measures}

# Crossed: mean squares of the two-way analysis of variance, Satterthwaite's degrees, Student's t.
out['crossed'] = []
for S, T, a, b in ((3, 9, 1.0, .4), (5, 11, .1, 1.0), (4, 8, 0.0, 0.0)):
    y = np.round(.3 + a * rng.normal(size=(S, 1)) + b * rng.normal(size=(1, T)) + .5 * rng.normal(size=(S, T)), 3)
    frame = pd.DataFrame([(s, t, y[s, t]) for s in range(S) for t in range(T)], columns=['seed', 'topic', 'y'])
    square = anova_lm(ols('y ~ C(seed) + C(topic)', frame).fit())
    mean_seeds, mean_topics, mean_rest = (square['sum_sq'] / square['df']).to_numpy()
    error = np.sqrt((mean_seeds + mean_topics) / (S * T)); df = (mean_seeds + mean_topics) ** 2 / (mean_seeds ** 2 / (S - 1) + mean_topics ** 2 / (T - 1))
    low, high = stats.t.interval(.9, df, loc=y.mean(), scale=error)
    out['crossed'].append({'values': y.tolist(), 'mean': float(y.mean()), 'low90': float(low), 'high90': float(high), 'error': float(error), 'degrees': float(df),
                           'p': float(2 * stats.t.sf(abs(y.mean()) / error, df)), 'rest': float(np.sqrt(mean_rest)), 'seeds': float(np.sqrt(max(0, (mean_seeds - mean_rest) / T)))})

# Where only seeds vary, or only topics: the one-sample t interval.
only = np.round(rng.normal(.2, .3, 9), 3)
test = stats.ttest_1samp(only, 0)
out['one_sample'] = {'values': only.tolist(), 'low': float(test.confidence_interval(.95).low), 'high': float(test.confidence_interval(.95).high), 'p': float(test.pvalue)}

# Rise: 3 seeds, 12 topics, labels 0 20 40.
sweep = np.round(rng.normal(.2, .1, (3, 12, 3)) + np.array([.06, 0, .02]), 3)
d = sweep[:, :, 0] - sweep[:, :, 1:].mean(2)
test = stats.permutation_test((d.mean(0),), np.mean, permutation_type='samples', n_resamples=np.inf, vectorized=True)
out['rise'] = {'values': sweep.tolist(), 'mean': float(d.mean()), 'p': float(test.pvalue)}
print(json.dumps(out))
