import {
  barrier,
  cast,
  concat,
  type HostTensor,
  isFloat,
  mul,
  type Program,
  programSignature,
  reshape,
  square,
  sum,
  type Value,
} from '../../compute/graph';
import { ADAPTER_VARIABLE } from '../../model/adapters';
import type { LoadedModel } from '../../model/families';
import type { Bucket } from './plan';
import { lossAndGradients, type SftGraph } from './programs';

/** Where a step left the finite numbers. */
export interface Diagnosis {
  readonly lossIsFinite: boolean;
  /** The first base weight or adapter tensor, in the order of the model, that itself holds NaN or infinity. */
  readonly weight: string | null;
  /** The first layer whose input is finite and whose output is not, "model.layers.3"; "model.norm" behind the last one. */
  readonly layer: string | null;
  /** PEFT key of the first gradient on the way back, from the last layer to the first, that is not finite. */
  readonly gradient: string | null;
}

interface Feeds {
  readonly bucket: Bucket;
  readonly feeds: Readonly<Record<string, HostTensor>>;
}

/**
 * Runs the batches of a step again with a program that looks at every layer, gradient and weight, and says where the first
 * batch that is not finite leaves the finite numbers; null if all are. It costs a step and the building of a program.
 */
export function diagnose(
  model: LoadedModel,
  graph: SftGraph,
  adapter: HostTensor,
  batches: readonly Feeds[],
): Diagnosis | null {
  for (const { bucket, feeds } of batches) {
    const { program, weights } = diagnosisProgram(graph, bucket);
    const session = model.backend.createSession([program]);
    try {
      session.assign({ ...model.weights, [ADAPTER_VARIABLE]: adapter });
      const out = session.run(program.name, feeds);
      const found = read(out, graph, weights, adapter.data as Float32Array);
      if (!found.lossIsFinite || found.gradient !== null) return found;
    } finally {
      session.dispose();
    }
  }
  return null;
}

/** A diagnosis in a clause. */
export function diagnosisText({ lossIsFinite, weight, layer, gradient }: Diagnosis): string {
  const parts = [
    weight !== null && `${weight} itself holds NaN or infinity`,
    layer !== null && `the forward pass leaves the finite numbers in ${layer}`,
    lossIsFinite ? 'the loss is finite' : 'the loss is not finite either',
    gradient !== null && `the first gradient on the way back that is not is ${gradient}`,
  ];
  return parts.filter(Boolean).join('; ');
}

/** Per layer, gradient and weight one number that is finite where all of it is. */
function diagnosisProgram(graph: SftGraph, bucket: Bucket): { program: Program; weights: readonly string[] } {
  const { lossSum, pieces, layerOutputs } = lossAndGradients(graph, bucket);
  const perLayer = layerOutputs.map((x) => sum(square(x)));
  const perPiece = pieces.map((piece) => sum(square(cast(piece, 'f32'))));
  const variables = programSignature({ name: 'reads', outputs: { lossSum }, updates: [] }).values.filter(
    (value): value is Value<'variable'> =>
      value.op === 'variable' && isFloat(value.dtype) && (value as Value<'variable'>).attrs.name !== ADAPTER_VARIABLE,
  );
  // One after the other: each product is a copy of its weight. Scaled down, so that only NaN and infinity break the sum.
  const perWeight: Value[] = [];
  for (const variable of variables) {
    const before = perWeight.at(-1);
    perWeight.push(cast(sum(mul(before ? barrier(variable, before) : variable, 1e-20)), 'f32'));
  }
  const vector = (values: readonly Value[]): Value =>
    concat(
      values.map((value) => reshape(value, [1])),
      0,
    );
  return {
    program: {
      name: 'diagnose',
      outputs: { lossSum, layers: vector(perLayer), gradients: vector(perPiece), weights: vector(perWeight) },
      updates: [],
    },
    weights: variables.map((variable) => variable.attrs.name),
  };
}

function read(
  out: Readonly<Record<string, HostTensor>>,
  { layout, model }: SftGraph,
  weights: readonly string[],
  adapter: Float32Array,
): Diagnosis {
  const broken = (name: string): boolean[] => Array.from(out[name].data, (value) => !Number.isFinite(value));
  const { entries } = layout;
  const badWeight = broken('weights').indexOf(true);
  const badAdapter = entries.find(
    ({ offset, size }) => !adapter.subarray(offset, offset + size).every(Number.isFinite),
  );
  const badLayer = broken('layers').indexOf(true);
  const badGradients = entries.filter((_, i) => broken('gradients')[i]);
  const last = Math.max(...badGradients.map(({ layer }) => layer));
  return {
    lossIsFinite: Number.isFinite(out.lossSum.data[0]),
    weight: badWeight >= 0 ? weights[badWeight] : (badAdapter?.key ?? null),
    layer: badLayer < 0 ? null : badLayer === 0 ? 'model.embed_tokens' : `model.layers.${badLayer - 1}`,
    gradient: badGradients.filter(({ layer }) => layer === last).at(-1)?.key ?? null,
    ...(badLayer > model.layers ? { layer: 'model.norm' } : {}),
  };
}
