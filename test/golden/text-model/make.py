"""Numbers of scikit-learn for test/tasks/text-model: pip install scikit-learn==1.9.1, then python make.py in this folder.
Writes text-model.json: tf-idf rows, and predictions of ridge and of multinomial logistic regression on fresh rows."""
import json, pathlib
import numpy as np, sklearn
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge

here = pathlib.Path(__file__).parent
rows = [json.loads(line) for line in open(here / '../../../data/tasks/news/briefs.jsonl')]
fit, fresh = rows[:120], rows[120:136]
slant = dict(strong_left=-2, center_left=-1, center_right=1, strong_right=2)
odd = ['A  b c', "Don’t stop: 3.5 million—naïve café_s!", 'ÉTÉ été\tÉté', 'x', '', '日本語 テスト 𝒳𝒴 ok']

word = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
char = TfidfVectorizer(analyzer='char_wb', ngram_range=(2, 5), min_df=3, sublinear_tf=True)
texts = [r['article'] for r in fit]
X = hstack([word.fit_transform(texts), char.fit_transform(texts)]).tocsr()
F = hstack([word.transform([r['article'] for r in fresh]), char.transform([r['article'] for r in fresh])]).tocsr()
ridge = Ridge(alpha=1.0, solver='sparse_cg', tol=1e-12).fit(X, [abs(slant[r['profile']]) for r in fit])
weighted = Ridge(alpha=2.0, solver='sparse_cg', tol=1e-12).fit(X, [abs(slant[r['profile']]) for r in fit], sample_weight=[1 + i % 3 for i in range(len(fit))])
# An uneven set of classes, so that balancing matters.
kept = [i for i, r in enumerate(fit) if r['profile'] != 'strong_left' or i % 3 == 0]
Y = [fit[i]['profile'] for i in kept]
logistic = {name: LogisticRegression(C=20, max_iter=20000, tol=1e-9, class_weight=weight).fit(X[kept], Y)
            for name, weight in (('balanced', 'balanced'), ('plain', None))}
cells = lambda v, text: sorted(((t, float(x)) for t, x in zip(v.get_feature_names_out(), v.transform([text]).toarray()[0]) if x), key=lambda c: c[0])
json.dump({
    'sklearn': sklearn.__version__, 'fit': 120, 'fresh': 16, 'kept': kept,
    'terms': {'word': len(word.vocabulary_), 'char': len(char.vocabulary_)},
    'row': {'word': cells(word, fresh[0]['article']), 'char': cells(char, fresh[0]['article'])[:80]},
    'odd': [{'text': t, 'word': TfidfVectorizer(ngram_range=(1, 2)).build_analyzer()(t), 'char': TfidfVectorizer(analyzer='char_wb', ngram_range=(2, 5)).build_analyzer()(t)} for t in odd],
    'ridge': ridge.predict(F).tolist(),
    'weightedRidge': weighted.predict(F).tolist(),
    'logistic': {k: {'classes': m.classes_.tolist(), 'probabilities': m.predict_proba(F).tolist()} for k, m in logistic.items()},
}, open(here / 'text-model.json', 'w'), indent=1, ensure_ascii=False)
