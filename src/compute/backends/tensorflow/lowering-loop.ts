import { InternalError } from '../../../core';
import { bodyValues, type DType, type Value } from '../../graph';
import { controlOf, type LoweringContext, mayAlias, typed } from './lowering-context';

/**
 * A loop as TensorFlow's own control flow: each entry of the state goes round Merge → Switch → body → NextIteration, and leaves by
 * Exit. What comes from outside enters the frame once and is handed to every pass, so a pass costs nothing for weights and caches.
 * One pass at a time: a pass starts when all of the one before is done, which orders the in-place writes and their readers.
 * The nodes stay in the program's own graph, where oneDNN's rewriting reaches them; in the function of a `While` node it does not.
 * Observed for a pass of two products [256,576]·[576,1536] and back in bf16: 2.4 ms against 7.7 ms; 200 small ops: 39 µs against 35.
 * Source: Yu et al. 2018, arXiv:1805.01772.
 */
export function loopNodes(value: Value<'loop'>, ctx: LoweringContext): string {
  const { entries, captures, condition, next, maxIterations } = value.attrs;
  const label = ctx.label(value);
  const frame = { frame_name: { text: label }, parallel_iterations: { int: 1 } } as const;
  const entered = new Map<string, string>();
  const enter: Enter = (output, dtype) => {
    const known = entered.get(output);
    if (known !== undefined) return known;
    const type = dtype === 'resource' ? { T: { resource: true } as const } : typed(dtype);
    const name = ctx.add('Enter', [output], { ...type, ...frame, is_constant: { bool: true } }, value);
    entered.set(output, name);
    return name;
  };

  // The count of passes goes round like an entry of the state, ahead of them.
  const rounds = [
    { dtype: 'i32' as DType, initial: ctx.writer.int(0), exit: `${label}/exit` },
    ...entries.map(({ dtype }, i) => ({
      dtype,
      initial: ownBuffer(ctx, value.inputs[i], ctx.name(value.inputs[i]), value),
      exit: resultPort(`${label}/exit`, i),
    })),
  ].map((round) => {
    const first = ctx.add(
      'Enter',
      [round.initial],
      { ...typed(round.dtype), ...frame, is_constant: { bool: false } },
      value,
    );
    const again = ctx.label(value);
    const merge = ctx.add('Merge', [first, again], { ...typed(round.dtype), N: { int: 2 } }, value);
    return { ...round, again, merge };
  });
  const outside = new Map(captures.map((captured, i) => [captured, value.inputs[entries.length + i]]));
  const inFrame = (state: readonly string[], roots: readonly Value[]): LoweringContext => {
    const known = new Map<Value, string>(entries.map((entry, i) => [entry, state[i + 1]]));
    const within = frameContext(ctx, enter, known, outside);
    for (const inner of bodyValues(value.attrs, roots))
      if (!known.has(inner)) known.set(inner, ctx.lower(inner, within));
    return within;
  };

  const merged = rounds.map(({ merge }) => merge);
  const asking = inFrame(merged, [condition]);
  let goesOn = asking.name(condition);
  if (maxIterations !== null) {
    const below = ctx.add('Less', [merged[0], asking.writer.int(maxIterations)], typed('i32'), value);
    goesOn = ctx.add('LogicalAnd', [goesOn, below], {}, value);
  }
  const decision = ctx.add('LoopCond', [goesOn], {}, value);
  const switched = rounds.map((round) => {
    const either = ctx.add('Switch', [round.merge, decision], typed(round.dtype), value);
    const taken = ctx.add('Identity', [`${either}:1`], typed(round.dtype), value);
    ctx.add('Exit', [either], typed(round.dtype), value, round.exit);
    return { ...round, taken };
  });

  const taken = switched.map((round) => round.taken);
  const passing = inFrame(taken, next);
  const counted = ctx.add('AddV2', [taken[0], passing.writer.int(1)], typed('i32'), value);
  // What is made only of values from outside is there for any pass: without the control input it would start passes for ever.
  const after = next.map((of) => {
    const own = ownBuffer(passing, of, passing.name(of), value);
    return ctx.add('Identity', [own, controlOf(taken[0])], typed(of.dtype), value);
  });
  switched.forEach(({ dtype, again }, i) => {
    ctx.add('NextIteration', [i === 0 ? counted : after[i - 1]], typed(dtype), value, again);
  });
  return rounds[0].exit;
}

/** The entry of the state that leaves the loop of an output under a name. */
export function loopResultNode(value: Value<'loopResult'>, ctx: LoweringContext): string {
  const of = value.inputs[0] as Value<'loop'>;
  const place = of.attrs.entries.findIndex(({ attrs }) => attrs.name === value.attrs.name);
  return resultPort(ctx.name(of), place);
}

/** The Exit nodes of the state are named after that of the count. */
function resultPort(exit: string, place: number): string {
  return `${exit}.${place}`;
}

type Enter = (output: string, dtype: DType | 'resource') => string;

/** The context of the nodes of a pass: `known` values by name, all others and all constants from outside by way of `enter`. */
function frameContext(
  outer: LoweringContext,
  enter: Enter,
  known: ReadonlyMap<Value, string>,
  outside: ReadonlyMap<Value, Value>,
): LoweringContext {
  const { writer } = outer;
  const within: LoweringContext = {
    ...outer,
    writer: {
      constant: (tensor) => enter(writer.constant(tensor), tensor.dtype),
      ints: (values) => enter(writer.ints(values), 'i32'),
      int: (value) => enter(writer.int(value), 'i32'),
    },
    name(value) {
      const name = known.get(value);
      if (name !== undefined) return name;
      const from = outside.get(value);
      if (from === undefined) throw new InternalError(`loop: ${value.op} is used in a pass before it is lowered.`);
      return enter(outer.name(from), from.dtype);
    },
    shared(op, of, make) {
      const inputs = of.inputs.map((input) => within.name(input));
      return outer.shared(op, of, make, inputs);
    },
    placeholder: (input) => {
      throw new InternalError(`loop: the input "${input.attrs.name}" must be captured.`);
    },
    read: (variable) => enter(outer.read(variable), variable.dtype),
    resource: (variable) => enter(outer.resource(variable), 'resource'),
  };
  return within;
}

/** A value as the state may hold it: a copy where it may be the buffer of a variable that the next pass writes to. */
function ownBuffer(ctx: LoweringContext, value: Value, name: string, of: Value): string {
  return mayAlias(value) ? ctx.add('DeepCopy', [name], typed(value.dtype), of) : name;
}
