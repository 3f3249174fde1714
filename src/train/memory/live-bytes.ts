import { byteSize, type OpName, type Program, programSignature, type Value } from '../../compute/graph';

/** Other names of their first input: no memory of their own. */
const ALIASES: ReadonlySet<OpName> = new Set<OpName>(['reshape', 'stopGradient', 'custom', 'barrier']);

/** Ops that write their result over an input that nothing else reads. */
const IN_PLACE: ReadonlySet<OpName> = new Set<OpName>([
  'add',
  'sub',
  'mul',
  'div',
  'maximum',
  'minimum',
  'neg',
  'exp',
  'log',
  'sqrt',
  'rsqrt',
  'square',
  'sigmoid',
  'tanh',
  'abs',
  'softmax',
  'crossEntropyGrad',
]);

/** What a run of a program holds beside its variables. */
export interface LiveBytes {
  /** The most that lives at once, bytes. */
  readonly peak: number;
  /** The largest single value, bytes, and how it is made. */
  readonly largest: { readonly bytes: number; readonly op: OpName; readonly shape: readonly number[] };
}

/**
 * Walks a program as a dataflow executor does (whatever is ready runs, first come first served) and adds up the results that
 * are still to be read: a value takes its bytes from when it is computed until its last reader ran. Outputs and updates stay.
 * Kernels' own scratch memory is not in it.
 */
export function liveBytes(program: Program): LiveBytes {
  const { values } = programSignature(program);
  const owners = ownersOf(values);
  const readers = new Map<Value, Value[]>();
  const waitsFor = new Map<Value, number>();
  const uses = new Map<Value, number>();
  const use = (value: Value, count: number): void => {
    const owner = owners.get(value)!;
    uses.set(owner, (uses.get(owner) ?? 0) + count);
  };
  for (const value of values) {
    const awaited = new Set(awaitedInputs(value));
    waitsFor.set(value, awaited.size);
    for (const input of awaited) readers.set(input, [...(readers.get(input) ?? []), value]);
    for (const input of heldInputs(value)) use(input, 1);
  }
  for (const root of [...Object.values(program.outputs), ...program.updates.map((update) => update.value)])
    use(root, 1);

  let live = 0;
  let peak = 0;
  let largest: LiveBytes['largest'] = { bytes: 0, op: 'fill', shape: [] };
  const queue = values.filter((value) => waitsFor.get(value) === 0);
  for (let next = 0; next < queue.length; next++) {
    const value = queue[next];
    const bytes = owners.get(value) === value ? ownBytes(value) : 0;
    if (bytes > largest.bytes) largest = { bytes, op: value.op, shape: value.shape };
    const held = heldInputs(value);
    const reused = IN_PLACE.has(value.op) && held.some((input) => dies(input, bytes));
    peak = Math.max(peak, live + (reused ? 0 : bytes));
    live += bytes;
    for (const input of held) {
      use(input, -1);
      const owner = owners.get(input)!;
      if (uses.get(owner) === 0) live -= ownBytes(owner);
    }
    for (const reader of readers.get(value) ?? []) {
      const left = waitsFor.get(reader)! - 1;
      waitsFor.set(reader, left);
      if (left === 0) queue.push(reader);
    }
  }
  return { peak, largest };

  function dies(input: Value, bytes: number): boolean {
    const owner = owners.get(input)!;
    return uses.get(owner) === 1 && ownBytes(owner) === bytes;
  }
}

/** The value whose memory each value is. */
function ownersOf(values: readonly Value[]): Map<Value, Value> {
  const owners = new Map<Value, Value>();
  for (const value of values) owners.set(value, ALIASES.has(value.op) ? owners.get(value.inputs[0])! : value);
  return owners;
}

/** Variables and constants lie there before the run. */
function ownBytes(value: Value): number {
  return value.op === 'variable' || value.op === 'constant' ? 0 : byteSize(value.shape, value.dtype);
}

/** What must have run before: of a hand-written gradient's frame only what it stands for. */
function awaitedInputs(value: Value): readonly Value[] {
  return value.op === 'custom' ? value.inputs.slice(0, 1) : value.inputs;
}

/** What is read: a barrier waits for its second input and does not read it. */
function heldInputs(value: Value): readonly Value[] {
  return value.op === 'custom' || value.op === 'barrier' ? value.inputs.slice(0, 1) : value.inputs;
}
