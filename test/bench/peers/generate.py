"""Greedy generation by transformers: one batch of left-padded prompts, no token ends a row."""
import time

import torch
import transformers
from transformers import AutoModelForCausalLM

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


def run(job, answer, next_question):
    model = AutoModelForCausalLM.from_pretrained(
        job["model"], dtype=DTYPES[job["dtype"]], attn_implementation="sdpa"
    ).eval()
    prompts = [prompt["ids"] for prompt in job["prompts"]]
    longest = max(map(len, prompts))
    ids = torch.full((len(prompts), longest), job["padTokenId"])
    mask = torch.zeros_like(ids)
    for i, prompt in enumerate(prompts):
        ids[i, longest - len(prompt) :] = torch.tensor(prompt)
        mask[i, longest - len(prompt) :] = 1
    model.generation_config.eos_token_id = None
    model.generation_config.pad_token_id = job["padTokenId"]
    answer({"ready": True, "torch": torch.__version__, "transformers": transformers.__version__, "threads": torch.get_num_threads()})
    while (question := next_question()) is not None and question["ask"] == "round":
        started = time.perf_counter()
        with torch.inference_mode():
            out = model.generate(
                input_ids=ids, attention_mask=mask, max_new_tokens=job["newTokens"], do_sample=False
            )
        seconds = time.perf_counter() - started
        answer({"seconds": seconds, "tokens": out[:, longest:].tolist()})
