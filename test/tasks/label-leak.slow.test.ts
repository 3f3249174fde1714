import { expect, it } from 'vitest';
import { RandomStream } from '../../src/core';
import { auditLabelLeak, loadNews } from '../../src/tasks';

it('labels in random order are found to leak in at most one of twenty audits: each reader errs on the side of no leak', () => {
  const some = loadNews({ form: 'briefs' }).examples.slice(0, 240);
  const random = new RandomStream(9);
  let found = 0;
  for (let draw = 0; draw < 60; draw++) {
    const labels = random.fork(draw).shuffled(some.map(({ labelValue }) => labelValue));
    const items = some.map(({ instruction, group }, at) => ({ prompt: instruction, label: labels[at], group }));
    found += auditLabelLeak({ items, readers: ['length', 'punctuation', 'words'] }).rows.filter(
      ({ leaks }) => leaks,
    ).length;
  }
  // 180 readings; 9 are one in twenty.
  expect(found).toBeLessThanOrEqual(9);
});
