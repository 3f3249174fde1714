"""Writes mutual-information.json: mutual information, entropy and expected mutual information of label lists, in nats.

Needs numpy and scikit-learn 1.9. Run: python test/golden/make_mutual_information.py
"""

import json
from pathlib import Path

import numpy as np
from sklearn.metrics import mutual_info_score
from sklearn.metrics.cluster import contingency_matrix, entropy, expected_mutual_information

rng = np.random.default_rng(7)
cases = []
for rows, left, right, tie in [(40, 4, 4, 0.0), (40, 4, 4, 0.75), (97, 5, 3, 0.2), (336, 4, 4, 0.0), (13, 2, 6, 0.5), (30, 1, 4, 0.0)]:
    a = rng.integers(0, left, rows)
    b = np.where(rng.random(rows) < tie, a % right, rng.integers(0, right, rows))
    table = contingency_matrix(a, b, sparse=True)
    cases.append(
        {
            "left": [f"a{i}" for i in a],
            "right": [f"b{i}" for i in b],
            "entropyLeft": float(entropy(a)),
            "shared": float(mutual_info_score(a, b)),
            "expected": float(expected_mutual_information(table, rows)),
        }
    )
path = Path(__file__).with_name("mutual-information.json")
path.write_text(json.dumps({"source": "scikit-learn 1.9.1", "cases": cases}) + "\n")
