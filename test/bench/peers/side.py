"""The peer's side of the benchmark: questions on stdin, answers on stdout (see side-process.ts)."""
import json
import os
import sys
import traceback

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["CUDA_VISIBLE_DEVICES"] = ""


def answer(value):
    print("@bench " + json.dumps(value), flush=True)


def next_question():
    line = sys.stdin.readline()
    return json.loads(line) if line else None


def peak_bytes():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024


def main():
    while (question := next_question()) is not None:
        job = json.load(open(question["job"]))
        if job["kind"] == "sft":
            from sft import run
        elif job["kind"] == "rl":
            from rl import run
        else:
            from generate import run
        run(job, answer, next_question)
        answer({"closed": True, "peakBytes": peak_bytes()})


if __name__ == "__main__":
    try:
        main()
    except Exception:
        answer({"error": traceback.format_exc()})
        sys.exit(1)
