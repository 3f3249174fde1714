"""Tiny random models as Hugging Face folders, with the numbers PyTorch gives for them.

Writes, for each of tiny-llama, tiny-llama3, tiny-qwen2 and tiny-qwen3 (or for those named on the command line):
  NAME/                 config.json, tokenizer files, weights (F32 / BF16 / F16 in two shards)
  NAME/adapter/         a LoRA adapter with random non-zero A and B, as PEFT writes it
  NAME/golden.json      the ragged batch, losses, greedy continuations
  NAME/golden.safetensors   logits without and with the adapter, gradients of every LoRA matrix
and tiny-llama.gguf, tiny-qwen2.gguf and tiny-qwen3.gguf, the same models as llama.cpp's converter lays them out.
All arithmetic is f32 on the stored (rounded) weights, with eager attention.
"""
import json, os, shutil, sys
import gguf, numpy as np, torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedTokenizerFast, Qwen2Config, Qwen3Config

HERE = os.path.dirname(os.path.abspath(__file__))
TARGETS = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']
CHATML = ("{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
          "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
# The three ways in which families treat a missing system turn and the begin-of-text token.
QWEN = ("{%- if messages[0]['role'] == 'system' %}{{- '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}"
        "{%- else %}{{- '<|im_start|>system\nBe good.<|im_end|>\n' }}{%- endif %}"
        "{%- for message in messages %}{%- if message.role != 'system' or not loop.first %}{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}{%- endif %}{%- endfor %}"
        "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}")
# A thinking switch: an answer after the last question opens with its thoughts, if only empty ones; earlier answers lose theirs.
THINKING = ("{%- set seen = namespace(user=0) %}{%- for turn in messages %}{%- if turn.role == 'user' %}{%- set seen.user = loop.index %}{%- endif %}{%- endfor %}"
            "{%- for turn in messages %}{{- '<|im_start|>' + turn.role + '\n' }}{%- set parts = turn.content.split('</think>') %}"
            "{%- if turn.role != 'assistant' %}{{- turn.content }}"
            "{%- elif loop.index > seen.user %}{{- '<think>\n' }}{%- if parts|length > 1 %}{{- parts[0].split('<think>')[-1].strip() }}{%- endif %}{{- '\n</think>\n\n' + parts[-1].lstrip('\n') }}"
            "{%- else %}{{- parts[-1].lstrip('\n') }}{%- endif %}{{- '<|im_end|>\n' }}{%- endfor %}"
            "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- if enable_thinking is defined and not enable_thinking %}{{- '<think>\n\n</think>\n\n' }}{%- endif %}{%- endif %}")
LLAMA3 = ("{{- bos_token }}{%- if not date_string is defined %}{%- if strftime_now is defined %}{%- set date_string = strftime_now('%d %b %Y') %}{%- endif %}{%- endif %}"
          "{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content']|trim %}{%- set messages = messages[1:] %}{%- else %}{%- set system_message = '' %}{%- endif %}"
          "{{- '<|start_header_id|>system<|end_header_id|>\n\n' }}{{- 'today: ' + date_string + '\n\n' }}{{- system_message }}{{- '<|eot_id|>' }}"
          "{%- for message in messages %}{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' }}{%- endfor %}"
          "{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{%- endif %}")
MERGES = [('t', 'h'), ('th', 'e'), ('Ġ', 'a'), ('i', 'n'), ('Ċ', 'Ċ'), ('s', 'e'), ('Ġ', 't')]


# The cut of Llama 3, and with single digits that of Qwen: line breaks stay together, so that a turn's header never merges with the text after it.
WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def tokenizer(specials, template, bos, eos, plain=()):
    """Byte-level BPE over a small alphabet: V = 67 ids in all, special tokens first; `plain` are added tokens that are not special."""
    letters = ['Ġ', 'Ċ', *"abcdefghijklmnopqrstuvwxyzABCDEHILQRSTW0123456789.,:!?'"]
    joined = [a + b for a, b in MERGES]
    vocab = {t: i for i, t in enumerate([*specials, *plain, *letters][:67 - len(joined)] + joined)}
    assert len(vocab) == 67, len(vocab)
    t = Tokenizer(models.BPE(vocab=vocab, merges=MERGES))
    byte_level = lambda regex: pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=regex)
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(WORDS.replace('{1,3}', '') if plain else WORDS), 'isolated'), byte_level(False)]) if bos or plain else byte_level(True)
    t.decoder = decoders.ByteLevel()
    t.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in specials])
    t.add_tokens([AddedToken(s, special=False, normalized=False) for s in plain])
    fast = PreTrainedTokenizerFast(tokenizer_object=t, bos_token=bos, eos_token=eos, pad_token=eos, clean_up_tokenization_spaces=False)
    fast.chat_template = template
    return fast


SIZES = dict(vocab_size=67, num_hidden_layers=2, max_position_embeddings=128, initializer_range=.2, attn_implementation='eager')
CHATML_SPECIALS = ['<|endoftext|>', '<|im_start|>', '<|im_end|>']
THOUGHTS = ['<think>', '</think>']
LLAMA3_SPECIALS = ['<|begin_of_text|>', '<|start_header_id|>', '<|end_header_id|>', '<|eot_id|>']
MODELS = {
    # name: (config, tokenizer, dtype on disk, shard size)
    'tiny-llama': (LlamaConfig(**SIZES, hidden_size=24, intermediate_size=40, num_attention_heads=4, num_key_value_heads=2, head_dim=8, rms_norm_eps=1e-5,
                               tie_word_embeddings=True, rope_parameters=dict(rope_type='default', rope_theta=10000.0), bos_token_id=1, eos_token_id=2),
                   tokenizer(CHATML_SPECIALS, CHATML, None, '<|im_end|>'), torch.float32, '10GB'),
    'tiny-llama3': (LlamaConfig(**SIZES, hidden_size=18, intermediate_size=28, num_attention_heads=3, num_key_value_heads=1, head_dim=10, rms_norm_eps=1e-6,
                                tie_word_embeddings=False, bos_token_id=0, eos_token_id=3,
                                # 64 positions, so that with theta 500 one pair is kept, one interpolated, the others divided.
                                rope_parameters=dict(rope_type='llama3', rope_theta=500.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64)),
                    tokenizer(LLAMA3_SPECIALS, LLAMA3, '<|begin_of_text|>', '<|eot_id|>'), torch.bfloat16, '10GB'),
    'tiny-qwen2': (Qwen2Config(**SIZES, hidden_size=24, intermediate_size=36, num_attention_heads=6, num_key_value_heads=2, rms_norm_eps=1e-6,
                               tie_word_embeddings=False, rope_parameters=dict(rope_type='default', rope_theta=1000000.0), bos_token_id=0, eos_token_id=2),
                   tokenizer(CHATML_SPECIALS, QWEN, None, '<|im_end|>'), torch.float16, '14KB'),
    'tiny-qwen3': (Qwen3Config(**SIZES, hidden_size=20, intermediate_size=32, num_attention_heads=4, num_key_value_heads=2, head_dim=6, rms_norm_eps=1e-6,
                               tie_word_embeddings=True, rope_parameters=dict(rope_type='default', rope_theta=1000000.0), bos_token_id=0, eos_token_id=2),
                   tokenizer(CHATML_SPECIALS, THINKING, None, '<|im_end|>', THOUGHTS), torch.bfloat16, '10GB'),
}
LENGTHS, PROMPTS, WIDTH = [9, 5, 7], [4, 1, 3], 9


def batch(seed, vocab):
    g = torch.Generator().manual_seed(seed)
    ids = torch.randint(4, vocab, (len(LENGTHS), WIDTH), generator=g)
    mask = torch.arange(WIDTH)[None] < torch.tensor(LENGTHS)[:, None]
    return ids * mask, mask.long()


def loss_of(logits, ids):
    """Mean cross-entropy over the completion tokens of all rows together."""
    rows = [(i, t) for i, (n, p) in enumerate(zip(LENGTHS, PROMPTS)) for t in range(p, n)]
    i, t = (torch.tensor(x) for x in zip(*rows))
    return torch.nn.functional.cross_entropy(logits[i, t - 1], ids[i, t])


def greedy(model, prompts, steps):
    out = []
    for p in prompts:
        ids = torch.tensor([p])
        for _ in range(steps):
            ids = torch.cat([ids, model(input_ids=ids).logits[:, -1].argmax(-1, keepdim=True)], 1)
        out.append(ids[0, len(p):].tolist())
    return out


def write_gguf(path, model, config, tok):
    """The layout of llama.cpp's converter; only the llama architecture has its rotary rows permuted."""
    w = gguf.GGUFWriter(path, config.model_type)
    w.add_block_count(config.num_hidden_layers); w.add_context_length(config.max_position_embeddings); w.add_embedding_length(config.hidden_size)
    w.add_feed_forward_length(config.intermediate_size); w.add_head_count(config.num_attention_heads); w.add_head_count_kv(config.num_key_value_heads)
    if config.model_type != 'qwen2': w.add_key_length(config.head_dim)
    if config.model_type == 'llama': w.add_rope_dimension_count(config.head_dim)
    w.add_rope_freq_base(config.rope_parameters['rope_theta'])
    w.add_layer_norm_rms_eps(config.rms_norm_eps); w.add_vocab_size(config.vocab_size)
    vocab = sorted(tok.get_vocab().items(), key=lambda kv: kv[1])
    w.add_tokenizer_model('gpt2'); w.add_tokenizer_pre('qwen2' if config.model_type == 'qwen3' else 'gpt-2'); w.add_token_list([t for t, _ in vocab])
    w.add_token_types([3 if t in tok.all_special_tokens or t in CHATML_SPECIALS else 4 if t in THOUGHTS else 1 for t, _ in vocab])
    w.add_token_merges([f'{a} {b}' for a, b in MERGES]); w.add_eos_token_id(2); w.add_pad_token_id(2); w.add_chat_template(THINKING if config.model_type == 'qwen3' else CHATML)
    parts = {'self_attn.q_proj': 'attn_q', 'self_attn.k_proj': 'attn_k', 'self_attn.v_proj': 'attn_v', 'self_attn.o_proj': 'attn_output', 'mlp.gate_proj': 'ffn_gate',
             'self_attn.q_norm': 'attn_q_norm', 'self_attn.k_norm': 'attn_k_norm', 'mlp.up_proj': 'ffn_up', 'mlp.down_proj': 'ffn_down', 'input_layernorm': 'attn_norm', 'post_attention_layernorm': 'ffn_norm'}
    permute = lambda x, heads: x.reshape(heads, 2, x.shape[0] // heads // 2, *x.shape[1:]).swapaxes(1, 2).reshape(x.shape)
    for name, value in model.state_dict().items():
        x = value.float().numpy()
        if name == 'lm_head.weight' and config.tie_word_embeddings: continue
        if name == 'lm_head.weight': to = 'output.weight'
        elif name == 'model.embed_tokens.weight': to = 'token_embd.weight'
        elif name == 'model.norm.weight': to = 'output_norm.weight'
        else:
            _, _, layer, *rest = name.split('.')
            to = f"blk.{layer}.{parts['.'.join(rest[:-1])]}.{rest[-1]}"
            if 'q_proj' in name and config.model_type == 'llama': x = permute(x, config.num_attention_heads)
            if 'k_proj' in name and config.model_type == 'llama': x = permute(x, config.num_key_value_heads)
        w.add_tensor(to, np.ascontiguousarray(x))
    w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()


for seed, (name, (config, tok, dtype, shard)) in enumerate(MODELS.items()):
    if name not in (sys.argv[1:] or MODELS): continue
    torch.manual_seed(seed)
    out = os.path.join(HERE, name); shutil.rmtree(out, ignore_errors=True)
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for key, p in model.named_parameters():
            if 'norm' in key: p.copy_(1 + .3 * torch.randn_like(p))
            elif key.endswith('bias'): p.copy_(.5 * torch.randn_like(p))
    model.to(dtype).save_pretrained(out, max_shard_size=shard)
    tok.save_pretrained(out)
    model = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32, attn_implementation='eager').eval()
    ids, mask = batch(seed, config.vocab_size)
    prompts = [ids[i, :p].tolist() for i, p in enumerate(PROMPTS)]
    with torch.no_grad():
        base = model(input_ids=ids, attention_mask=mask).logits
        golden = dict(ids=ids.tolist(), lengths=LENGTHS, promptLengths=PROMPTS, baseLoss=loss_of(base, ids).item(), greedyPrompts=prompts, baseGreedy=greedy(model, prompts, 8))
    if name != 'tiny-llama3': write_gguf(os.path.join(HERE, f'{name}.gguf'), model, config, tok)
    lora = get_peft_model(model, LoraConfig(r=3, lora_alpha=6, lora_dropout=0.0, target_modules=TARGETS, task_type='CAUSAL_LM')).eval()
    with torch.no_grad():
        for key, p in lora.named_parameters():
            if 'lora_' in key: p.copy_(.3 * torch.randn_like(p))
    lora.peft_config['default'].base_model_name_or_path = name
    lora.save_pretrained(os.path.join(out, 'adapter')); os.remove(os.path.join(out, 'adapter', 'README.md'))
    logits = lora(input_ids=ids, attention_mask=mask).logits
    loss = loss_of(logits, ids); loss.backward()
    tensors = {'logits.base': base, 'logits.lora': logits.detach()}
    for key, p in lora.named_parameters():
        if p.requires_grad: tensors['grad.' + key.replace('.default', '')] = p.grad
    golden.update(loraLoss=loss.item(), loraGreedy=greedy(lora, prompts, 8),
                  gradientNorm=torch.nn.utils.get_total_norm([p.grad for p in lora.parameters() if p.requires_grad]).item())
    chats = [[('user', 'the rain in Spain')], [('system', ' be. '), ('user', 'is it?'), ('assistant', 'it is'), ('user', ' the ')]]
    if tok.chat_template == THINKING: chats.append([('user', 'is it?'), ('assistant', '<think>\nso\n</think>\n\nit is'), ('user', 'the'), ('assistant', '<think>\nthe\n</think>\n\nin')])
    golden['renders'] = [dict(messages=[dict(role=r, content=c) for r, c in chat], addGenerationPrompt=g, **(dict(thinking=th) if tok.chat_template == THINKING else {}), text=tok.apply_chat_template(
        [dict(role=r, content=c) for r, c in chat], tokenize=False, add_generation_prompt=g, date_string='26 Jul 2024', enable_thinking=th))
        for chat in chats for g in (True, False) for th in ((False, True) if tok.chat_template == THINKING else (False,))]
    with open(os.path.join(out, 'golden.json'), 'w') as f: f.write('{\n' + ',\n'.join(f' {json.dumps(k)}: {json.dumps(v)}' for k, v in golden.items()) + '\n}\n')
    save_file({k: v.contiguous() for k, v in tensors.items()}, os.path.join(out, 'golden.safetensors'), metadata={'format': 'pt'})
    print(name, 'loss', golden['baseLoss'], golden['loraLoss'], 'gradient norm', golden['gradientNorm'], sorted(os.listdir(out)))
