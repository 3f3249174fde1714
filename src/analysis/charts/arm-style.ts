import { spoken } from './plot-text';

/** How one arm looks in every chart. */
export interface ArmStyle {
  readonly name: string;
  readonly colour: string;
  readonly symbol: 'circle' | 'square' | 'diamond' | 'triangle-up' | 'cross' | 'x';
  readonly dash: 'solid' | 'dot' | 'dash' | 'dashdot';
}

// Okabe and Ito's palette (2008), which readers with any common colour blindness tell apart; arms differ in symbol and
// dash too, so that a grey print reads.
const fixed: Readonly<Record<string, ArmStyle>> = {
  baseline: { name: 'baseline', colour: '#5c5c5c', symbol: 'square', dash: 'dash' },
  mst: { name: 'MST', colour: '#0072b2', symbol: 'circle', dash: 'solid' },
  shuffled: { name: 'shuffled', colour: '#d55e00', symbol: 'diamond', dash: 'dot' },
};
const others: readonly Omit<ArmStyle, 'name'>[] = [
  { colour: '#009e73', symbol: 'triangle-up', dash: 'dashdot' },
  { colour: '#cc79a7', symbol: 'cross', dash: 'solid' },
  { colour: '#56b4e9', symbol: 'x', dash: 'dash' },
  { colour: '#b8860b', symbol: 'triangle-up', dash: 'dot' },
];

/**
 * The style of each arm. The three main arms look the same everywhere; further controls take the next free style in
 * the order given, so list arms in the same order in charts that stand together.
 */
export function armStyles(arms: readonly string[]): Map<string, ArmStyle> {
  const styles = new Map<string, ArmStyle>();
  let next = 0;
  for (const arm of arms) {
    if (styles.has(arm)) continue;
    styles.set(arm, fixed[arm] ?? { name: spoken(arm), ...others[next++ % others.length] });
  }
  return styles;
}
