"""SHA-256 of every tensor of the embedded model as transformers dequantises it (f32, Hugging Face names and row order):
make_hashes.py PATH_OF_GGUF → smollm2-hashes.json (first 16 hex digits of each)"""
import hashlib, json, os, sys, torch
from transformers import AutoModelForCausalLM

HERE, path = os.path.dirname(os.path.abspath(__file__)), sys.argv[1]
model = AutoModelForCausalLM.from_pretrained(os.path.dirname(path), gguf_file=os.path.basename(path), dtype=torch.float32)
out = {k: hashlib.sha256(v.contiguous().numpy().tobytes()).hexdigest()[:16] for k, v in model.state_dict().items() if k != 'lm_head.weight'}
with open(os.path.join(HERE, 'smollm2-hashes.json'), 'w') as f: f.write('{\n' + ',\n'.join(f' {json.dumps(k)}: {json.dumps(v)}' for k, v in out.items()) + '\n}\n')
print(len(out), 'tensors')
