"""NF4 with double quantisation by bitsandbytes: nf4.safetensors; and tiny-llama-nf4/, the model of tiny-llama as
transformers + bitsandbytes save it, with logits, loss and LoRA gradients of PEFT on it (adapter of tiny-llama).

nf4.safetensors, for each tensor NAME: NAME.values (f32), the keys of a quantised checkpoint as they are (NAME.weight,
NAME.weight.absmax, .quant_map, .nested_absmax, .nested_quant_map, .quant_state.bitsandbytes__nf4), NAME.dequantised (f32)
and NAME.bf16 (dequantised to bf16). Odd sizes, blocks across rows, an all-zero block, more than one nested block.
"""
import json, os, shutil, torch
import bitsandbytes.functional as F
from safetensors.torch import load_file, save_file

HERE = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(5)
torch.set_num_threads(1)
tensors = {}
for name, shape in dict(odd=(9, 11), crossing=(7, 40), nested=(70, 300)).items():
    values = torch.randn(shape) * .05 * torch.exp(torch.randn(shape[0], 1) * .5)
    if name == 'crossing': values.view(-1)[64:128] = 0
    packed, state = F.quantize_4bit(values, blocksize=64, compress_statistics=True, quant_type='nf4')
    tensors[f'{name}.values'] = values
    tensors[f'{name}.weight'] = packed
    for key, part in state.as_dict(packed=True).items():
        tensors[f'{name}.weight.{key}'] = part
    tensors[f'{name}.dequantised'] = F.dequantize_4bit(packed, state)
    state.dtype = torch.bfloat16
    tensors[f'{name}.bf16'] = F.dequantize_4bit(packed, state).float()
save_file({k: v.contiguous() for k, v in tensors.items()}, os.path.join(HERE, 'nf4.safetensors'), metadata={'format': 'pt'})

from peft import PeftModel
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

source, out = (os.path.join(HERE, folder) for folder in ('tiny-llama', 'tiny-llama-nf4'))
quantised = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type='nf4', bnb_4bit_use_double_quant=True,
                               bnb_4bit_compute_dtype=torch.float32)
model = AutoModelForCausalLM.from_pretrained(source, quantization_config=quantised, dtype=torch.float32, device_map='cpu')
model.save_pretrained(out)
for name in ('tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'):
    if os.path.exists(os.path.join(source, name)): shutil.copy(os.path.join(source, name), out)
golden = json.load(open(os.path.join(source, 'golden.json')))
ids = torch.tensor(golden['ids']); mask = torch.zeros_like(ids); labels = torch.full_like(ids, -100)
for row, (length, prompt) in enumerate(zip(golden['lengths'], golden['promptLengths'])):
    mask[row, :length] = 1; labels[row, prompt:length] = ids[row, prompt:length]
# bitsandbytes' product on a CPU wants rows of whole blocks, and its CPU dequantisation takes a wrong scale in every other
# row of 32 ([24, 32]: the block of 64 runs over two rows). A plain model of the weights dequantised by the rule stands in.
def dequantised(weight, state):
    pairs = torch.stack([weight.flatten() >> 4, weight.flatten() & 15], 1).flatten().long()
    scales = F.dequantize_blockwise(state.absmax, state.state2) + state.offset
    return (state.code[pairs] * scales.repeat_interleave(64)[:pairs.numel()]).reshape(state.shape)


plain = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32)
for name, module in model.named_modules():
    if hasattr(module, 'weight') and hasattr(module.weight, 'quant_state'):
        plain.get_submodule(name).weight.data = dequantised(module.weight.data, module.weight.quant_state)
lora = PeftModel.from_pretrained(plain, os.path.join(source, 'adapter'), is_trainable=True)
logits = lora(input_ids=ids, attention_mask=mask).logits.float()
loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=-100)
loss.backward()
kept = {'logits.lora': logits.detach()}
for name, parameter in lora.named_parameters():
    if 'lora_' in name: kept['grad.' + name.replace('.default', '')] = parameter.grad
save_file({k: v.contiguous() for k, v in kept.items()}, os.path.join(out, 'golden.safetensors'), metadata={'format': 'pt'})
json.dump(dict(loraLoss=loss.item()), open(os.path.join(out, 'golden.json'), 'w'))
print('loss', loss.item(), 'unquantised', golden['loraLoss'])
