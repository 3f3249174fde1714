import { describe, expect, it } from 'vitest';
import { frameHtml, frameOfRows, framePlain } from '../../../src/analysis/frame';

const rows = [
  { arm: 'mst', difference: -4.678, low: -5.79, high: -3.6, n: 32, d_prime: 1, d_prime_low: 0.5, d_prime_high: null },
  { arm: 'shuffled', difference: null, low: null, high: null, n: 0, d_prime: 2.25, d_prime_low: 1, d_prime_high: 3 },
];
const frame = frameOfRows(rows, Object.keys(rows[0]));

describe('an estimate and its interval in a table', () => {
  it('take one column, the bounds with the decimals of the estimate', () => {
    const [head, , first, second] = framePlain(frame).split('\n');
    expect(head.split(/ {2,}/)).toEqual(['arm', 'difference [low, high]', 'n', 'd_prime [low, high]']);
    expect(first).toContain('-4.68 [-5.79, -3.60]');
    expect(first).toContain('1.00 [0.50, –]');
    expect(second).toMatch(/^shuffled +– +0 +2\.25 \[1\.00, 3\.00\]$/);
  });

  it('stand the same way in HTML, a missing estimate marked as missing', () => {
    const html = frameHtml(frame);
    expect(html).toContain('difference [low, high]</th>');
    expect(html).toContain('-4.68 [-5.79, -3.60]</td>');
    expect(html.match(/title="missing"/g)).toHaveLength(1);
  });

  it('stand apart when asked, and in the frame', () => {
    expect(framePlain(frame, { intervals: 'apart' }).split('\n')[0]).toContain('low   high');
    expect(frameHtml(frame, { intervals: 'apart' })).toContain('>d_prime_high</th>');
    expect(frame.columns).toContain('d_prime_high');
  });

  it('are not made of columns that only look alike', () => {
    const row = { x: 1, low: 0, n: 3, high: 2, y: 1, z_low: 0, z_high: 2 };
    const other = frameOfRows([row], Object.keys(row));
    expect(framePlain(other)).not.toContain('[');
  });
});
