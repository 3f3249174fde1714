"""The cuts of other families on SmolLM2's vocabulary and merges: make_cuts.py PATH_OF_GGUF → smollm2-cuts.json

Ids of the 200 strings of smollm2-tokens.json by the Rust tokenizer with the pre-tokenizers of GPT-2, Llama 3 and Qwen 2,
as their own tokenizer.json files have them. The vocabulary is the wrong one for them, which does not matter here.
"""
import json, os, sys
from gguf import GGUFReader
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

HERE = os.path.dirname(os.path.abspath(__file__))
reader = GGUFReader(sys.argv[1])
strings = lambda key: [str(bytes(reader.fields[key].parts[i]), 'utf-8') for i in reader.fields[key].data]
vocab, merges = strings('tokenizer.ggml.tokens'), strings('tokenizer.ggml.merges')
WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|DIGITS| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
byte_level = lambda regex: pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=regex)
cut = lambda digits: pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(WORDS.replace('DIGITS', digits)), 'isolated'), byte_level(False)])
texts = json.load(open(os.path.join(HERE, 'smollm2-tokens.json')))['texts']
out = {}
for name, pre, normalizer, ignore_merges in (('gpt-2', byte_level(True), None, False), ('llama-bpe', cut(r'\p{N}{1,3}'), None, True), ('qwen2', cut(r'\p{N}'), normalizers.NFC(), False)):
    t = Tokenizer(models.BPE(vocab={v: i for i, v in enumerate(vocab)}, merges=[tuple(m.split(' ')) for m in merges], ignore_merges=ignore_merges))
    t.pre_tokenizer, t.decoder = pre, decoders.ByteLevel()
    if normalizer: t.normalizer = normalizer
    t.add_special_tokens([AddedToken(v, special=True, normalized=False) for v in vocab[:17]])
    out[name] = [t.encode(s, add_special_tokens=False).ids for s in texts]
with open(os.path.join(HERE, 'smollm2-cuts.json'), 'w') as f: f.write('{\n' + ',\n'.join(f' {json.dumps(k)}: {json.dumps(v)}' for k, v in out.items()) + '\n}\n')
print({k: sum(map(len, v)) for k, v in out.items()})
