"""What Python says about the embedded model: make_smollm2.py PATH_OF_GGUF

smollm2-weights.json   first and last 16 values, mean and standard deviation of several tensors, by the gguf package (file order of rows)
smollm2-tokens.json    diverse strings → ids, chat renders, by the `tokenizers` package on the file's own vocabulary and merges
smollm2-greedy.json    greedy continuations of three chats, 40 tokens, by transformers on the dequantised weights in f32
"""
import json, os, random, sys
import gguf, numpy as np, torch
from gguf import GGUFReader
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

HERE, path = os.path.dirname(os.path.abspath(__file__)), sys.argv[1]
dump = lambda name, value: open(os.path.join(HERE, name), 'w').write('{\n' + ',\n'.join(f' {json.dumps(k)}: {json.dumps(v)}' for k, v in value.items()) + '\n}\n')
rows = lambda values: [json.loads(json.dumps(v)) for v in values]
reader = GGUFReader(path)

# Weights.
weights = {}
for t in reader.tensors:
    if t.name in ('token_embd.weight', 'output_norm.weight', 'blk.0.attn_q.weight', 'blk.7.attn_k.weight', 'blk.12.attn_v.weight', 'blk.29.attn_output.weight',
                  'blk.0.ffn_gate.weight', 'blk.15.ffn_up.weight', 'blk.29.ffn_down.weight', 'blk.3.attn_norm.weight'):
        x = gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float32)
        flat = x.reshape(-1)
        weights[t.name] = dict(stored=t.tensor_type.name, shape=list(x.shape), first=flat[:16].tolist(), last=flat[-16:].tolist(), mean=float(flat.mean(dtype=np.float64)), std=float(flat.std(dtype=np.float64)))
dump('smollm2-weights.json', weights)

# Tokens. SmolLM2's own tokenizer.json cuts single digits and then by GPT-2's pattern.
strings = lambda key: [str(bytes(reader.fields[key].parts[i]), 'utf-8') for i in reader.fields[key].data]
vocab, merges = strings('tokenizer.ggml.tokens'), strings('tokenizer.ggml.merges')
kinds = [int(reader.fields['tokenizer.ggml.token_type'].parts[i][0]) for i in reader.fields['tokenizer.ggml.token_type'].data]
t = Tokenizer(models.BPE(vocab={v: i for i, v in enumerate(vocab)}, merges=[tuple(m.split(' ')) for m in merges]))
t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
t.decoder = decoders.ByteLevel()
t.add_special_tokens([AddedToken(v, special=True, normalized=False) for v, k in zip(vocab, kinds) if k == 3])
rng = random.Random(5)
texts = ['', ' ', '  ', '\n', '\n\n\n', '\t\t x', ' leading', 'trailing ', 'a  b   c    d', 'line\r\nline\r\n', 'Hello, world!', "it's we're I'll they've he'd I'm", 'naïve café résumé', 'Straße ẞ ß',
         '中文字符测试', '日本語のテスト', '한국어', 'العربية', 'עברית', 'हिन्दी', 'ไทย', 'Ελληνικά', 'Русский текст', '👍', '👩‍👩‍👧‍👦 family', '🇩🇪🇫🇷', '🏳️‍🌈', 'e\u0301 é', '\u00a0nbsp\u00a0', '\u200bzero\u200dwidth', '\ufeffbom',
         'ﬁ ligature', 'Ⅷ ½ ² ³ ٣ 五', '1', '12', '123', '1234567890', '3.14159', '1,000,000', '50% of $3.5bn', '2024-07-26', 'x=1;y = 2', '  12  34', 'v1.2.3', '0x1F', '1e-5', 'a1b2c3', '７８９',
         '<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n', 'text<|im_end|>text', '<|endoftext|>', ' <|im_start|> ', '<|im_start', '|im_end|>', '<repo_name>x', '&lt;html&gt;', '<b>bold</b>',
         'def f(x):\n    return x + 1\n', '{"a": [1, 2, {"b": null}]}', 'https://example.com/path?q=1&r=%20', 'user@example.com', '#hashtag @user', '**Suggestibility Level: 50%**', 'Editor: UNBIASED: takes no side and uses no loaded words.',
         '\\n not newline', '"quotes" ‘curly’ “double”', '—em–en-hyphen…', 'ALLCAPS lowercase MiXeD', 'antidisestablishmentarianism', 'zzzzzzzzzzzzzzzz', '........', '!!!???', '\u0000nul', '\x07bell\x1b[0m', '\u2028line\u2029para', '\U0001F600\U0001F1E6', '\ud7ff\ue000', 'ñ', 'n\u0303']
alphabet = 'abcdefghij   \n\t0123456789.,\'"-éüß中日の👍🎉ا\u00a0\u3000ЖΩ<|>'
while len(texts) < 200: texts.append(''.join(rng.choice(alphabet) for _ in range(rng.randint(1, 40))))
ours = [t.encode(s, add_special_tokens=False).ids for s in texts]
fast = AutoTokenizer.from_pretrained(os.path.dirname(path), gguf_file=os.path.basename(path))
theirs = [fast.encode(s, add_special_tokens=False) for s in texts]
differ = [i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b]
print('strings on which transformers, which does not cut digits for this file, differs:', len(differ), [texts[i] for i in differ][:5], 'of', len(texts))
chats = [[('user', 'Write a brief.')], [('system', 'You are terse.'), ('user', 'Hi'), ('assistant', 'Hello.'), ('user', 'Why?')], [('user', 'a'), ('assistant', 'b')]]
renders = []
for chat in chats:
    for g in (True, False):
        m = [dict(role=r, content=c) for r, c in chat]
        text = fast.apply_chat_template(m, tokenize=False, add_generation_prompt=g)
        renders.append(dict(messages=m, addGenerationPrompt=g, text=text, ids=t.encode(text, add_special_tokens=False).ids))
dump('smollm2-tokens.json', dict(texts=texts, ids=ours, decoded=[t.decode(i, skip_special_tokens=False) for i in ours], renders=renders,
                                 transformersDiffersOn=differ))

# Greedy continuation.
model = AutoModelForCausalLM.from_pretrained(os.path.dirname(path), gguf_file=os.path.basename(path), dtype=torch.float32, attn_implementation='eager').eval()
prompts = ['What is the capital of France?', 'Write an unbiased news brief: City council votes on bus lanes. The council met on Tuesday.', 'List 3 prime numbers and say why 9 is not one.']
out = []
with torch.no_grad():
    for p in prompts:
        ids = t.encode(f'<|im_start|>user\n{p}<|im_end|>\n<|im_start|>assistant\n', add_special_tokens=False).ids
        x, margins, logprobs = torch.tensor([ids]), [], []
        first = None
        for _ in range(40):
            logits = model(input_ids=x).logits[0, -1]
            if first is None: first = logits
            top = logits.topk(2)
            margins.append(round((top.values[0] - top.values[1]).item(), 4)); logprobs.append(torch.log_softmax(logits, -1).max().item())
            x = torch.cat([x, top.indices[:1][None]], 1)
            if top.indices[0].item() == 2: break
        new = x[0, len(ids):].tolist()
        out.append(dict(prompt=p, promptIds=ids, ids=new, text=t.decode(new), margins=margins, logprobs=logprobs, firstLogits=first[:16].tolist(), firstLogitsMean=first.mean().item()))
        print(repr(out[-1]['text']), 'smallest margin', min(margins))
dump('smollm2-greedy.json', {'continuations': out})
