import type { GpuCheck } from './check';
import type { TrainingRow } from './training-check';

/** The check as a table for people. */
export function gpuCheckText(check: GpuCheck): string {
  const { device, gpu, tensorflow, tf32, matmul } = check;
  const where =
    device === 'gpu'
      ? `GPU: ${gpu}; f32 products in ${tf32 ? 'TF32 (MSTLAB_TF32=off turns it off)' : 'full f32'}`
      : 'CPU: TensorFlow uses no GPU here (npm run doctor says why), so nothing below is about one';
  const lines = [
    `gpu:check on ${where}; TensorFlow ${tensorflow}`,
    `matrix product 1024 x 1024: f32 ${matmul.f32GflopPerSecond.toFixed(0)} GFLOP/s, bf16 ${matmul.bf16GflopPerSecond.toFixed(0)} GFLOP/s`,
    '',
  ];
  const width = Math.max(...[...check.parity, ...check.training].map(({ what }) => what.length));
  for (const { what, ok, error, tolerance, why } of check.parity)
    lines.push(
      `${mark(ok)}  ${what.padEnd(width)}  ${why ?? `largest error ${error?.toExponential(1)}, allowed ${tolerance.toExponential(1)}`}`,
    );
  for (const row of check.training) lines.push(`${mark(row.ok)}  ${row.what.padEnd(width)}  ${trainingText(row)}`);
  lines.push('', check.ok ? `gpu:check: all rows are ok (${device}).` : `gpu:check: rows FAILED (${device}).`);
  return lines.join('\n');
}

/** The same as one line of JSON. */
export function gpuCheckJson(check: GpuCheck): string {
  return JSON.stringify(check);
}

function trainingText({
  why,
  xla,
  steps,
  tokensPerSecond,
  firstLoss,
  lastLoss,
  hostPeakBytes,
  device,
}: TrainingRow): string {
  const gb = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
  const parts = [
    ...(why === null ? [] : [why]),
    ...(xla.startsWith('not compiled') ? [`XLA ${xla}, so this is the plain graph`] : []),
    ...(tokensPerSecond === null ? [] : [`${steps} steps, ${tokensPerSecond.toFixed(0)} tokens/s`]),
    ...(firstLoss === null || lastLoss === null ? [] : [`loss ${firstLoss.toFixed(3)} to ${lastLoss.toFixed(3)}`]),
    ...(hostPeakBytes === null ? [] : [`host peak ${gb(hostPeakBytes)}`]),
    ...(device?.peakBytes ? [`GPU peak ${gb(device.peakBytes)}`] : []),
    ...(device?.busyShare === null || device === null ? [] : [`GPU busy ${(100 * device.busyShare).toFixed(0)}%`]),
  ];
  return parts.join('; ');
}

function mark(ok: boolean): string {
  return ok ? 'ok    ' : 'FAILED';
}
