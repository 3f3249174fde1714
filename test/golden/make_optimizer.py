"""AdamW with warm-up, cosine decay and gradient clipping on a tiny least-squares problem: optimizer.json.

loss = mean((x Aᵀ Bᵀ - y)²) over x [6,4], A [3,4], B [5,3]; f32. Each step: lr of the schedule, gradient, its norm
before clipping, clip to `maxGradNorm`, one torch.optim.AdamW step (weight decay on all). Also the learning rates of the
three schedules of transformers over 20 steps.
"""
import json, os, torch
from transformers import get_constant_schedule_with_warmup, get_cosine_schedule_with_warmup, get_linear_schedule_with_warmup

HERE = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(3)
x, y = torch.randn(6, 4), torch.randn(6, 5)
A, B = torch.nn.Parameter(torch.randn(3, 4)), torch.nn.Parameter(torch.randn(5, 3))
config = dict(learningRate=.05, beta1=.9, beta2=.999, eps=1e-8, weightDecay=.1, maxGradNorm=.7, steps=10, warmupSteps=3)
opt = torch.optim.AdamW([A, B], lr=config['learningRate'], betas=(.9, .999), eps=1e-8, weight_decay=config['weightDecay'])
schedule = get_cosine_schedule_with_warmup(opt, config['warmupSteps'], config['steps'])
out = dict(config=config, x=x.tolist(), y=y.tolist(), initial=dict(A=A.tolist(), B=B.tolist()), steps=[])
for _ in range(config['steps']):
    loss = ((x @ A.T @ B.T - y) ** 2).mean()
    opt.zero_grad(); loss.backward()
    gradients = dict(A=A.grad.tolist(), B=B.grad.tolist())
    norm = torch.nn.utils.clip_grad_norm_([A, B], config['maxGradNorm']).item()
    lr = schedule.get_last_lr()[0]
    opt.step(); schedule.step()
    out['steps'].append(dict(loss=loss.item(), learningRate=lr, gradNorm=norm, gradients=gradients, A=A.tolist(), B=B.tolist()))


def rates(make):
    o = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    s = make(o); r = []
    for _ in range(20): r.append(s.get_last_lr()[0]); o.step(); s.step()
    return r


out['schedules'] = dict(warmupSteps=4, steps=20, cosine=rates(lambda o: get_cosine_schedule_with_warmup(o, 4, 20)),
                        linear=rates(lambda o: get_linear_schedule_with_warmup(o, 4, 20)), constant=rates(lambda o: get_constant_schedule_with_warmup(o, 4)))
with open(os.path.join(HERE, 'optimizer.json'), 'w') as f: f.write('{\n' + ',\n'.join(f' {json.dumps(k)}: {json.dumps(v)}' for k, v in out.items()) + '\n}\n')
print('loss', [round(s['loss'], 4) for s in out['steps']], 'norm', [round(s['gradNorm'], 3) for s in out['steps']])
