"""Reads Inspect logs with inspect_ai and says what it saw; not part of the tests. Seen to pass with inspect_ai 0.3.285.

    python -m venv /tmp/inspect && /tmp/inspect/bin/pip install inspect-ai==0.3.285
    /tmp/inspect/bin/python read_with_inspect.py [LOG.json ...]     (default: the two golden files beside this script)
"""

import math
import shutil
import sys
import tempfile
from pathlib import Path

import inspect_ai
from inspect_ai.log import read_eval_log


def check(path: str) -> None:
    log = read_eval_log(path, format="json")
    assert (log.version, log.status) == (2, "success")
    assert log.samples and len(log.samples) == log.results.total_samples == log.eval.dataset.samples
    unscored = 0
    for sample in log.samples:
        assert sample.output.completion == sample.messages[-1].text
        assert [m.text for m in sample.input] == [m.text for m in sample.messages[:-1]]
        for score in sample.scores.values():
            if isinstance(score.value, float) and math.isnan(score.value):
                unscored += 1
                assert score.reason is not None and score.explanation
    for result in log.results.scores:
        values = [s.scores[result.name].as_float() for s in log.samples if result.name in s.scores]
        scored = [v for v in values if not math.isnan(v)]
        assert (len(scored), len(values) - len(scored)) == (result.scored_samples, result.unscored_samples)
        assert math.isclose(sum(scored) / len(scored), result.metrics["mean"].value)
    print(f"inspect_ai {inspect_ai.__version__} reads {path}: {len(log.samples)} samples, {unscored} unscored scores")


if __name__ == "__main__":
    if sys.argv[1:]:
        for given in sys.argv[1:]:
            check(given)
    else:
        with tempfile.TemporaryDirectory() as folder:
            for golden in sorted(Path(__file__).parent.glob("inspect-*.json.txt")):
                copy = Path(folder) / golden.name.removesuffix(".txt")
                shutil.copy(golden, copy)
                check(str(copy))
