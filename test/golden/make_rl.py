"""Advantages, losses and gradients of RL on one-token answers: rl.json. float64 on inputs that are exact in f32.

Where TRL 1.16 has the code, it is TRL's own that runs: `_generate_and_score_completions` (advantages, KL in the reward) and
`_compute_loss` (ratio, clipping, KL and entropy in the loss) of GRPOTrainer and RLOOTrainer, on a policy that is a table of
logits. TRL 1.16 has no PPO any more: masked_whiten, advantages and both clipped losses are written here after
trl/experimental/ppo/ppo_trainer.py of commit 0062ee10 (response length 1: GAE is reward - value). The zeroed loss above a mean
ratio is that of TRL 0.11's PPOTrainer.train_minibatch (ratio_threshold). Not from TRL: `exact`, which is autograd of the
expected reward, and the rarity bonus -log(mean of pi over the batch).

A case: what was drawn (action = number of cumulative probabilities <= uniform), then the loss of a policy that has moved since.
"""
import contextlib
import json
import os
import types
from collections import defaultdict

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import torch
import trl
from accelerate import Accelerator
from trl import GRPOTrainer, RLOOTrainer
from trl.trainer import grpo_trainer, rloo_trainer

HERE = os.path.dirname(os.path.abspath(__file__))
torch.set_default_dtype(torch.float64)
for module in (grpo_trainer, rloo_trainer):
    module.use_adapter = lambda model, adapter_name: model.reference_used()


class Table:
    """A policy [B,A] in place of a language model: the prompt of row b is token b, its answers are tokens 0..A-1."""

    training, peft_config = True, {}

    def __init__(self, logits, reference):
        self.logits, self.reference, self.now = logits, reference, logits

    @contextlib.contextmanager
    def reference_used(self):
        self.now = self.reference
        yield
        self.now = self.logits


class NoRetokenising(list):
    eos_token_ids, pad_token_id = [], 0


def trainer_of(Trainer, case, actions, shaped):
    """A trainer without a model behind it: TRL's methods on our table, with answers and rewards that are given."""

    def logps(self, model, input_ids, attention_mask, logits_to_keep, *_, **__):
        every = torch.log_softmax(model.now / case["temperature"], -1)[input_ids[:, 0]]
        return every.gather(1, input_ids[:, 1:]), -(every.exp() * every).sum(-1, keepdim=True), None

    B, G = actions.shape
    prompts = [[b] for b in range(B) for _ in range(G)]
    answers = [[a] for a in actions.flatten().tolist()]
    texts = [""] * (B * G)

    class Given(Trainer):
        _get_per_token_logps_and_entropies = logps

        def _generate(self, _):
            return (prompts, answers, texts) if Trainer is RLOOTrainer else (prompts, answers, None, texts, None, {}, None, [])

        def _calculate_rewards(self, *_):
            return shaped.gather(1, actions).reshape(-1, 1)

    made = Given.__new__(Given)
    made.__dict__.update(
        accelerator=Accelerator(cpu=True), environment_factories=None, environments=None, tools=[], pad_to_multiple_of=None,
        mask_truncated_completions=False, _tokenizer=NoRetokenising(), _is_vlm=False, use_vllm=False, num_iterations=1,
        num_generations=G, reward_weights=torch.ones(1), reward_func_names=["given"], log_multimodal=False,
        multi_objective_aggregation="sum_then_normalize", scale_rewards="group" if case["config"].get("groupScaling", True) else "none",
        beta=case["config"].get("kl", {}).get("coefficient", 0.0), ref_model=None, reward_clip_range=None, normalize_advantages=False,
        epsilon_low=case["config"]["clip"], epsilon_high=case["config"]["clip"], loss_type="dapo", importance_sampling_level="token",
        aux_loss_enabled=False, top_entropy_quantile=1.0, off_policy_mask_threshold=None, use_adaptive_entropy=False,
        entropy_coef=case["entropy"], _entropy_bonus_enabled=case["entropy"] != 0, current_gradient_accumulation_steps=1,
        args=types.SimpleNamespace(per_device_train_batch_size=B * G, gradient_checkpointing_kwargs=None, steps_per_generation=2,
                                   gradient_accumulation_steps=1, use_bias_correction_kl=False, delta=None),
        _metrics={"train": defaultdict(list)}, _logs=defaultdict(list), _pending_extra_logs=defaultdict(list), _pending_metrics=defaultdict(list),
    )
    made._logs["rewards"] = defaultdict(list)
    made.state = types.SimpleNamespace(global_step=0)
    return made


@contextlib.contextmanager
def no_checkpointing(*_):
    yield


grpo_trainer.disable_gradient_checkpointing = rloo_trainer.disable_gradient_checkpointing = no_checkpointing


def by_trl(Trainer, case, old, new, reference, actions, shaped):
    B, G = actions.shape
    table = Table(old, reference)
    trainer = trainer_of(Trainer, case, actions, shaped)
    trainer.model = table
    trainer.accelerator.unwrap_model = lambda model, *_, **__: model
    inputs = trainer._generate_and_score_completions([{"prompt": str(b)} for b in range(B) for _ in range(G)])
    advantages = inputs["advantages"].reshape(B, G)
    if Trainer is GRPOTrainer:  # drawn as if for two steps, so that TRL kept the old log-probabilities
        trainer.args.steps_per_generation = 1
    table.logits = table.now = new
    loss = trainer._compute_loss(table, inputs)
    return advantages, loss, trainer._metrics["train"]


def whiten(x, shift_mean=True):
    whitened = (x - x.mean()) * torch.rsqrt(x.var(unbiased=True) + 1e-8)
    return whitened if shift_mean else whitened + x.mean()


def k_term(kind, policy, reference):
    ratio = reference - policy
    return -ratio if kind == "k1" else ratio.exp() - 1 - ratio


def make(name, estimator, G, A=2, B=6, config=None, temperature=1.0, entropy=0.0, rarity=0.0, move=0.9, flat_groups=(), seed=0):
    """`move` is how far the logits moved since the answers were drawn; rewards of prompts in `flat_groups` are all equal."""
    given = {key: item for key, item in locals().items() if key != "seed"}
    random = torch.Generator().manual_seed(seed)
    f32 = lambda *shape, scale=1.0: (torch.randn(shape, generator=random, dtype=torch.float32) * scale).double()
    config = {"clip": 0.2, "valueClip": 0.2, "valueCoefficient": 0.1, "maxMeanRatio": 10, **(config or {})}
    case = {"name": name, "config": {"estimator": estimator, "samplesPerPrompt": G, **config},
            "temperature": temperature, "entropy": entropy, "rarity": rarity}
    old, reference = f32(B, A), f32(B, A)
    new = (old + f32(B, A, scale=move)).float().double().requires_grad_()
    old_value, rewards = f32(B), f32(B, A)
    value = (old_value + f32(B, scale=0.3)).float().double().requires_grad_()
    for b in flat_groups:
        rewards[b] = rewards[b, 0]
    uniforms = torch.rand((B, G), generator=random, dtype=torch.float32).double()
    kl = {"coefficient": 0.0, "estimator": "k1", **config.get("kl", {})}

    logp = torch.log_softmax(old / temperature, -1)
    ref = torch.log_softmax(reference / temperature, -1)
    actions = (uniforms.unsqueeze(-1) >= logp.exp().cumsum(-1)[:, None, :-1]).sum(-1)
    taken = logp.gather(1, actions)
    with_rarity = rewards - rarity * logp.exp().mean(0).log()
    shaped = with_rarity if estimator == "grpo" else with_rarity - kl["coefficient"] * k_term(kl["estimator"], logp, ref)
    now = torch.log_softmax(new / temperature, -1)
    mean_entropy = -(now.exp() * now).sum(-1).mean()
    taken_now = now.gather(1, actions)
    ratio = (taken_now - taken).exp()
    zeros = torch.zeros(B, G)
    advantages, returns, value_loss, metrics = zeros, zeros, torch.zeros(()), None
    if estimator in ("grpo", "rloo"):
        Trainer = GRPOTrainer if estimator == "grpo" else RLOOTrainer
        advantages, loss, metrics = by_trl(Trainer, case, old, new, reference, actions, with_rarity)
        if estimator == "rloo":  # TRL has an entropy bonus for GRPO only
            loss = loss - entropy * mean_entropy
        policy_loss = loss + entropy * mean_entropy
    elif estimator == "exact":
        policy_loss = -(now.exp() * shaped).sum(-1).mean()
        loss = policy_loss - entropy * mean_entropy
    else:
        returns = shaped.gather(1, actions)
        if config["whitenRewards"]:
            returns = whiten(returns, shift_mean=False)
        advantages = returns - old_value[:, None]
        if config["whitenAdvantages"]:
            advantages = whiten(advantages)
        clipped = ratio.clamp(1 - config["clip"], 1 + config["clip"])
        policy_loss = torch.max(-advantages * ratio, -advantages * clipped).mean()
        errors = (value[:, None] - returns).square()
        if config["valueClip"] is not None:
            kept = value.clamp(old_value - config["valueClip"], old_value + config["valueClip"])
            errors = torch.max(errors, (kept[:, None] - returns).square())
        value_loss = 0.5 * errors.mean()
        loss = policy_loss + config["valueCoefficient"] * value_loss - entropy * mean_entropy
        if config["maxMeanRatio"] is not None and ratio.mean() > config["maxMeanRatio"]:
            loss = loss * 0
    grad_logits, grad_value = torch.autograd.grad(loss, [new, value], allow_unused=True)
    outside = (ratio - 1).abs() > config["clip"]
    held_back = ((ratio > 1 + config["clip"]) & (advantages > 0)) | ((ratio < 1 - config["clip"]) & (advantages < 0))
    if estimator != "exact" and move:
        limited = config["maxMeanRatio"] < 2
        if limited != (ratio.mean() > config["maxMeanRatio"]) or not (held_back.any() and (outside & ~held_back).any() and not outside.all()):
            return make(**given, seed=seed + 100)  # a draw in which clipping acts on some samples only
    if metrics:  # what TRL itself logged, beside our own sums
        assert abs(metrics["clip_ratio/region_mean"][0] - held_back.double().mean()) < 1e-6, name
        assert abs(metrics["entropy"][0] - mean_entropy) < 1e-6, name
    number = lambda x: x if isinstance(x, float) else x.tolist()
    inputs = {"logits": old, "value": old_value, "reference": reference, "rewards": rewards, "uniforms": uniforms, "newLogits": new, "newValue": value}
    drawn = {"logp": logp, "actions": actions, "taken": taken, "shaped": shaped, "advantages": advantages, "returns": returns}
    learned = {"loss": loss, "policyLoss": policy_loss, "valueLoss": value_loss, "entropy": mean_entropy, "taken": taken_now,
               "clipFraction": outside.double().mean(), "approxKl": 0.5 * (taken_now - taken).square().mean(), "ratioMean": ratio.mean(), "ratioMax": ratio.max(),
               "k1": k_term("k1", taken, ref.gather(1, actions)).mean(), "k3": k_term("k3", taken, ref.gather(1, actions)).mean(),
               "exactKl": (logp.exp() * (logp - ref)).sum(-1).mean(),
               "gradLogits": grad_logits, "gradValue": torch.zeros(B) if grad_value is None else grad_value}
    if metrics:
        learned["groupsWithoutSignal"] = metrics["frac_reward_zero_std"][0]
    for part, values in (("inputs", inputs), ("drawn", drawn), ("learned", learned)):
        case[part] = {key: number(item) for key, item in values.items()}
    return case


PPO = {"whitenRewards": False, "whitenAdvantages": True}
CASES = [
    make("exact, with entropy, rarity and k1 in the reward", "exact", 1, config={"kl": {"coefficient": 0.3, "estimator": "k1"}}, temperature=1.7, entropy=0.4, rarity=0.6, seed=1),
    make("exact, three answers, k3 in the reward", "exact", 4, A=3, B=5, config={"kl": {"coefficient": 0.2, "estimator": "k3"}}, entropy=0.1, seed=2),
    make("rloo, two samples", "rloo", 2, entropy=0.2, seed=3),
    make("rloo, five samples, k1 in the reward", "rloo", 5, config={"kl": {"coefficient": 0.25, "estimator": "k1"}}, temperature=1.3, rarity=0.5, flat_groups=(2,), seed=4),
    make("grpo, eight samples, groups without signal", "grpo", 8, entropy=0.3, flat_groups=(0, 4), seed=5),
    make("grpo, k3 in the loss", "grpo", 4, config={"kl": {"coefficient": 0.35, "estimator": "k3"}}, temperature=0.8, rarity=0.2, seed=6),
    make("grpo, without scaling, three answers", "grpo", 3, A=3, B=5, config={"groupScaling": False}, temperature=1.6, entropy=0.05, seed=7),
    make("ppo, advantages whitened", "ppo", 1, config=PPO, entropy=0.5, temperature=1.9, move=1.2, seed=8),
    make("ppo, rewards and advantages whitened, k1 in the reward", "ppo", 4, config={**PPO, "whitenRewards": True, "kl": {"coefficient": 0.2, "estimator": "k1"}}, temperature=1.6, entropy=0.01, seed=9),
    make("ppo, nothing whitened, values free, k3 in the reward", "ppo", 3, config={"whitenRewards": False, "whitenAdvantages": False, "valueClip": None, "kl": {"coefficient": 0.1, "estimator": "k3"}}, rarity=0.3, seed=10),
    make("ppo, three answers", "ppo", 2, A=3, B=5, config={**PPO, "clip": 0.1, "valueClip": 0.05, "valueCoefficient": 0.7}, entropy=0.2, seed=11),
    make("ppo, a mean ratio above the limit changes nothing", "ppo", 4, config={**PPO, "maxMeanRatio": 1.05}, entropy=0.2, move=1.5, seed=12),
]
x = torch.randn(7, 3, generator=torch.Generator().manual_seed(30), dtype=torch.float32).double() * 3 + 1
WHITEN = {"x": x.tolist(), "whitened": whiten(x).tolist(), "meanKept": whiten(x, shift_mean=False).tolist()}
with open(os.path.join(HERE, "rl.json"), "w") as f:
    lines = ",\n".join("  " + json.dumps(case) for case in CASES)
    f.write(f'{{\n "trl": "{trl.__version__}",\n "whitening": {json.dumps(WHITEN)},\n "cases": [\n{lines}\n ]\n}}\n')
for case in CASES:
    print(case["name"], {key: round(case["learned"][key], 3) for key in ("loss", "clipFraction", "ratioMean")})
