"""LoRA training by TRL's SFTTrainer on batches that are handed over, so that both sides see the same rows in the same order."""
import tempfile
import time
from importlib.metadata import version

import torch
from datasets import Dataset
from peft import PeftModel
from tokenizers import Tokenizer, models
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, TrainerCallback
from trl import SFTConfig, SFTTrainer

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


class Stop(Exception):
    pass


def load(job):
    options = {"dtype": DTYPES[job["dtype"]], "attn_implementation": "sdpa"}
    if job["quantisation"] == "nf4":
        from transformers import BitsAndBytesConfig

        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=DTYPES[job["dtype"]],
        )
        options["device_map"] = {"": "cpu"}
    base = AutoModelForCausalLM.from_pretrained(job["model"], **options)
    return PeftModel.from_pretrained(base, job["adapter"], is_trainable=True)


def tokenizer_of(job):
    # The rows are token ids already; the trainer only asks for the id that fills a batch.
    vocabulary = {f"<{i}>": i for i in range(job["padTokenId"] + 1)}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<0>"))
    name = f"<{job['padTokenId']}>"
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token=name, eos_token=name)


def run(job, answer, next_question):
    losses, state = [], {"started": 0.0}

    def wait():
        question = next_question()
        if question is None or question["ask"] != "round":
            raise Stop
        losses.clear()
        state["started"] = time.perf_counter()

    class Rounds(TrainerCallback):
        def on_step_end(self, args, trainer_state, control, **_):
            if trainer_state.global_step % job["stepsPerRound"] == 0:
                answer({"seconds": time.perf_counter() - state["started"], "losses": list(losses)})
                wait()

    class Trainer(SFTTrainer):
        def compute_loss(self, *args, **kwargs):
            found = super().compute_loss(*args, **kwargs)
            loss = found[0] if isinstance(found, tuple) else found
            losses.append(loss.detach().float().item())
            return found

        def get_train_dataloader(self):
            return torch.utils.data.DataLoader(
                self.train_dataset, batch_sampler=job["batches"], collate_fn=self.data_collator, num_workers=0
            )

    def row(item):
        ids, prompt = item["ids"], item["promptLength"]
        return {"input_ids": ids, "completion_mask": [0] * prompt + [1] * (len(ids) - prompt)}

    config = SFTConfig(
        output_dir=tempfile.mkdtemp(prefix="mstlab-bench-"),
        per_device_train_batch_size=job["batchSize"],
        max_steps=len(job["batches"]),
        learning_rate=job["learningRate"],
        lr_scheduler_type="cosine",
        warmup_steps=job["warmupSteps"],
        max_grad_norm=job["maxGradNorm"],
        weight_decay=0.0,
        adam_beta1=0.9,
        adam_beta2=0.999,
        adam_epsilon=1e-8,
        gradient_checkpointing=False,
        dataloader_num_workers=0,
        logging_strategy="no",
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
        bf16=False,
        max_length=None,
        completion_only_loss=True,
        remove_unused_columns=False,
    )
    trainer = Trainer(
        model=load(job),
        args=config,
        train_dataset=Dataset.from_list([row(item) for item in job["rows"]]),
        processing_class=tokenizer_of(job),
        callbacks=[Rounds()],
    )
    versions = {"torch": torch.__version__}
    for name in ("transformers", "peft", "trl") + (("bitsandbytes",) if job["quantisation"] == "nf4" else ()):
        versions[name] = version(name)
    answer({"ready": True, **versions, "threads": torch.get_num_threads()})
    try:
        wait()
        trainer.train()
    except Stop:
        pass
