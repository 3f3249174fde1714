"""8-bit block-wise AdamW by bitsandbytes, and f32 AdamW by torch, 50 steps: adamw8bit.json, adamw8bit.safetensors.

bitsandbytes' optimiser and its CPU update run as they are, but for the encoder of the moments: that of its CPU library looks
codes up in a coarse table (it takes 0 to 2.1e-5 of the block's largest, so a coordinate without a gradient moves). In its place
stands what its CUDA kernel computes (csrc/kernels.cu, kOptimizerStatic8bit2StateBlockwise): the nearest code, and for a
negative first moment that this makes zero the code below.

Three tensors: 8-bit states with a ragged last block [67, 62], whole blocks [16, 256], f32 states [9, 11] (under 4,096
elements). Gradients follow an integer rule (`gradient`, exact in f32, so that the test computes them too); their size
differs by row by powers of two; column 5 of the first tensor never has one. Weight decay on, no clipping.
Stored: maps, start, parameters of both optimisers, codes and absmax of both moments, after steps 1, 10 and 50.
"""
import json, os, torch
import bitsandbytes as bnb
from bitsandbytes.backends.cpu import ops as cpu
from bitsandbytes.functional import create_dynamic_map
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(11)
torch.set_num_threads(1)
SHAPES = dict(ragged=(67, 62), whole=(16, 256), small=(9, 11))
STEPS, KEPT = 50, (1, 10, 50)
config = dict(learningRate=.002, beta1=.9, beta2=.999, eps=1e-8, weightDecay=.05, steps=STEPS)
start = {name: torch.randn(shape) * .1 for name, shape in SHAPES.items()}


def gradient(name, step):
    """2^-(row mod 4) · (pull + noise), pull = ((613 i) mod 129 - 64) / 64, noise = ((31 i² + 7919 i + 104729 t + 17 i t) mod 2003 - 1001) / 1024."""
    rows, columns = SHAPES[name]
    i = torch.arange(rows * columns)
    pull = ((613 * i) % 129 - 64) / 64
    noise = ((31 * i * i + 7919 * i + 104729 * step + 17 * i * step) % 2003 - 1001) / 1024
    g = 2.0 ** -((i // columns) % 4) * (pull + noise)
    if name == 'ragged': g[i % columns == 5] = 0
    return g.reshape(rows, columns).float()


def encode(x, code, absmax_out, out, blocksize):
    flat = torch.nn.functional.pad(x.flatten(), (0, -x.numel() % blocksize)).reshape(-1, blocksize)
    absmax = flat.abs().amax(1)
    unit = (flat / absmax.clamp(min=1e-38)[:, None]).flatten()[:x.numel()]
    q = torch.bucketize(unit, (code[1:] + code[:-1]) / 2)
    q -= ((x.flatten() < 0) & (code[q] >= 0)).to(q.dtype)
    out.copy_(q.to(torch.uint8).reshape(x.shape)); absmax_out.copy_(absmax)


cpu._quant_blockwise_fp32_direct = encode
tensors = {f'start.{name}': t for name, t in start.items()}
tensors['map.signed'] = create_dynamic_map(signed=True)
tensors['map.unsigned'] = create_dynamic_map(signed=False)


def run(make, eight):
    ps = {name: torch.nn.Parameter(t.clone()) for name, t in start.items()}
    opt = make(list(ps.values()))
    for step in range(1, STEPS + 1):
        for name, p in ps.items(): p.grad = gradient(name, step)
        opt.step()
        if step in KEPT:
            for name, p in ps.items(): tensors[f'{"adamw8bit" if eight else "adamw"}.{step}.{name}'] = p.detach().clone()
        if eight and step in KEPT:
            for name, p in ps.items():
                for key, value in opt.state[p].items():
                    if key in ('state1', 'state2', 'absmax1', 'absmax2'): tensors[f'{key}.{step}.{name}'] = value.clone()


kw = dict(lr=config['learningRate'], betas=(.9, .999), eps=1e-8, weight_decay=config['weightDecay'])
run(lambda ps: torch.optim.AdamW(ps, foreach=False, **kw), False)
run(lambda ps: bnb.optim.AdamW8bit(ps, **kw), True)
save_file({k: v.contiguous() for k, v in tensors.items()}, os.path.join(HERE, 'adamw8bit.safetensors'))
with open(os.path.join(HERE, 'adamw8bit.json'), 'w') as f:
    json.dump(dict(config=config, shapes=SHAPES, kept=KEPT, bitsandbytes=bnb.__version__, torch=torch.__version__), f, indent=1); f.write('\n')
print({k: (tensors[f'adamw8bit.50.{k}'] - tensors[f'adamw.50.{k}']).abs().max().item() for k in SHAPES})
