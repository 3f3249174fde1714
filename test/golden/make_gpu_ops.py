"""Graph operations by PyTorch on a CPU for `npm run gpu:check`: gpu-ops.safetensors.

Each case: inputs `CASE.x0`, `CASE.x1`, ..., the result `CASE.y`, and where the case is differentiable the weights `CASE.w`
and the gradients `CASE.d0`, ... of sum(w * y) by the float inputs in order. All stored as f32; inputs named
`CASE.x1.i32` are integers. `*_bf16` rounds the inputs and the
result to bf16 and sums in f32.
"""
import os

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(11)
torch.use_deterministic_algorithms(True)
out = {}


def normal(*shape):
    return torch.randn(*shape)


def above0(*shape):
    return torch.rand(*shape) + 0.3


def ints(n, *shape):
    return torch.randint(0, n, shape, dtype=torch.int32)


def case(name, build, *inputs, gradient=True):
    floats = [x for x in inputs if x.is_floating_point()]
    if gradient:
        for x in floats:
            x.requires_grad_(True)
    y = build(*inputs)
    for i, x in enumerate(inputs):
        out[f"{name}.x{i}" + ("" if x.is_floating_point() else ".i32")] = x.detach().float().contiguous().clone()
    out[f"{name}.y"] = y.detach().float().contiguous().clone()
    if not gradient:
        return
    w = torch.randn(y.shape)
    for i, grad in enumerate(torch.autograd.grad((w * y).sum(), floats)):
        out[f"{name}.d{i}"] = grad.contiguous().clone()
    out[f"{name}.w"] = w


def rms(x, gain):
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-5) * gain


def bf16(x):
    return x.detach().to(torch.bfloat16).float()


case("matmul", lambda a, b: a @ b, normal(33, 64), normal(64, 48))
case("matmul_transposed", lambda a, b: a.mT @ b.mT, normal(3, 64, 17), normal(3, 20, 64))
case("matmul_shared", lambda a, b: a @ b, normal(2, 9, 40), normal(40, 24))
case("matmul_bf16", lambda a, b: (a.bfloat16() @ b.bfloat16()).float(), bf16(normal(33, 64)), bf16(normal(64, 48)), gradient=False)
case("softmax", lambda x: F.softmax(x, -1), normal(3, 5, 37))
case("silu", F.silu, normal(7, 31))
case("rms_norm", rms, normal(3, 5, 48), normal(48))
case("cross_entropy", lambda x, t: F.cross_entropy(x, t.long(), reduction="none"), normal(13, 101), ints(101, 13))
case("gather", lambda x, i: x[i.long()], normal(19, 12), ints(19, 2, 5))
case("segment_sum", lambda x, i: torch.zeros(8, 6).index_add(0, i.long(), x), normal(21, 6), ints(8, 21))
case("sum", lambda x: x.sum((0, 2)), normal(4, 5, 33))
case("mean", lambda x: x.mean(-1), normal(4, 5, 33))
case("max", lambda x: x.amax(-1), normal(4, 5, 33))
case("arg_max", lambda x: x.argmax(-1), normal(9, 57), gradient=False)
case("top_k", lambda x: x.topk(5).values, normal(9, 57), gradient=False)
case("exp", torch.exp, normal(7, 31))
case("log", torch.log, above0(7, 31))
case("rsqrt", torch.rsqrt, above0(7, 31))
case("sigmoid", torch.sigmoid, normal(7, 31))
case("tanh", torch.tanh, normal(7, 31))
case("broadcast", lambda a, b: a * b + b, normal(4, 1, 9), normal(6, 1))
case("divide", lambda a, b: a / b, normal(4, 9), above0(9))
case("where", lambda a, b: torch.where(a < b, a, b * b), normal(8, 9), normal(8, 9))
case("layout", lambda a, b: torch.cat([a.mT[1:4], b], 0).reshape(-1), normal(6, 5), normal(2, 6))
case("cast_bf16", lambda x: x.bfloat16().float(), normal(8, 33), gradient=False)
save_file(out, os.path.join(HERE, "gpu-ops.safetensors"), metadata={"format": "pt"})
print(len({k.split(".")[0] for k in out}), "cases", sum(v.numel() for v in out.values()), "values")
