"""Reinforcement on one-token answers by TRL's GRPOTrainer or RLOOTrainer, on prompts that are handed over as token ids.

Beta 0 needs no reference model; the whole step is one batch; no gradient checkpointing. Answers are drawn among those of the job:
every other token is suppressed, which TRL's generation_kwargs allow.
"""
import tempfile
import time
from importlib.metadata import version

import torch
from datasets import Dataset
from transformers import TrainerCallback
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer

from sft import Stop, load, tokenizer_of

TRAINERS = {"grpo": (GRPOTrainer, GRPOConfig), "rloo": (RLOOTrainer, RLOOConfig)}


def answer_log_probabilities(model, job):
    model.eval()
    found = []
    with torch.inference_mode():
        for prompt in job["prompts"][: job["checkedPrompts"]]:
            logits = model(input_ids=torch.tensor([prompt["ids"]])).logits[0, -1].float()
            found.append(torch.log_softmax(logits, -1)[job["answers"]].tolist())
    model.train()
    return found


def run(job, answer, next_question):
    Base, Config = TRAINERS[job["estimator"]]
    state = {"started": 0.0}

    def wait():
        question = next_question()
        if question is None or question["ask"] != "round":
            raise Stop
        state["started"] = time.perf_counter()

    class Rounds(TrainerCallback):
        def on_step_end(self, args, trainer_state, control, **_):
            if trainer_state.global_step % job["stepsPerRound"] == 0:
                answer({"seconds": time.perf_counter() - state["started"], "logProbabilities": known})
                wait()

    class Trainer(Base):
        def _tokenize_prompts(self, prompts):
            return [job["prompts"][int(prompt)]["ids"] for prompt in prompts], None, {}

    def reward(prompts, completion_ids, **_):
        # Drawn among the answers alone.
        return [job["prompts"][int(p)]["rewards"][job["answers"].index(ids[0])] for p, ids in zip(prompts, completion_ids)]

    step = job["promptsPerStep"] * job["samplesPerPrompt"]
    model = load({**job, "quantisation": "none"})
    known = answer_log_probabilities(model, job)
    config = Config(
        output_dir=tempfile.mkdtemp(prefix="mstlab-bench-"),
        per_device_train_batch_size=step,
        num_generations=job["samplesPerPrompt"],
        steps_per_generation=1,
        num_iterations=1,
        max_completion_length=1,
        max_steps=len(job["prompts"]) // job["promptsPerStep"],
        generation_kwargs={"suppress_tokens": sorted(set(range(model.config.vocab_size)) - set(job["answers"]))},
        temperature=1.0,
        beta=0.0,
        epsilon=job["clip"],
        learning_rate=job["learningRate"],
        lr_scheduler_type="constant",
        max_grad_norm=job["maxGradNorm"],
        weight_decay=0.0,
        adam_beta1=0.9,
        adam_beta2=0.999,
        adam_epsilon=1e-8,
        shuffle_dataset=False,
        gradient_checkpointing=False,
        dataloader_num_workers=0,
        logging_strategy="no",
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
        bf16=False,
        seed=job["seed"],
    )
    trainer = Trainer(
        model=model,
        reward_funcs=reward,
        args=config,
        train_dataset=Dataset.from_list([{"prompt": str(i)} for i in range(len(job["prompts"]))]),
        processing_class=tokenizer_of(job),
        callbacks=[Rounds()],
    )
    versions = {"torch": torch.__version__}
    for name in ("transformers", "peft", "trl"):
        versions[name] = version(name)
    answer({"ready": True, **versions, "threads": torch.get_num_threads()})
    try:
        wait()
        trainer.train()
    except Stop:
        pass
