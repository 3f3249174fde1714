"""A GGUF file with one tensor of each storage type that the reader knows, and the values the gguf package gives: gguf-blocks.*

Q4_K, Q6_K and Q5_K have no quantiser in the package, so their blocks are random bytes with small finite scales. Shapes [3, 512].
"""
import os
import gguf, numpy as np, torch
from gguf import GGMLQuantizationType as T
from safetensors.numpy import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(11)
x = rng.standard_normal((3, 512)).astype(np.float32)
w = gguf.GGUFWriter(os.path.join(HERE, 'gguf-blocks.gguf'), 'llama')
w.add_string('general.name', 'one tensor of each type')
golden = {}
for t in (T.F32, T.F16, T.BF16, T.Q8_0, T.Q4_0, T.Q4_1):
    q = gguf.quants.quantize(x, t)
    w.add_tensor(t.name, q, raw_dtype=t)
    golden[t.name] = gguf.quants.dequantize(q, t).astype(np.float32).reshape(x.shape)
scale = lambda: rng.uniform(-.01, .01, (6, 1)).astype(np.float16).view(np.uint8)
byte = lambda n: rng.integers(0, 256, (6, n)).astype(np.uint8)
for t, blocks in ((T.Q4_K, np.concatenate([scale(), scale(), byte(140)], 1)), (T.Q6_K, np.concatenate([byte(208), scale()], 1)),
                  (T.Q5_K, np.concatenate([scale(), scale(), byte(172)], 1))):
    q = blocks.reshape(3, -1)
    w.add_tensor(t.name, q, raw_dtype=t)
    golden[t.name] = gguf.quants.dequantize(q, t).astype(np.float32).reshape(x.shape)
for t in (T.Q5_0, T.Q5_1):
    q = gguf.quants.quantize(x, t)
    w.add_tensor(t.name, q, raw_dtype=t)
    golden[t.name] = gguf.quants.dequantize(q, t).astype(np.float32).reshape(x.shape)
w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()
save_file({k: np.ascontiguousarray(v) for k, v in golden.items()}, os.path.join(HERE, 'gguf-blocks.safetensors'), metadata={'format': 'pt'})
print({k: v.shape for k, v in golden.items()})
