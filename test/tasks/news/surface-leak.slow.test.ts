import { expect, test } from 'vitest';
import { surfaceLeak } from '../../../src/tasks';
import { balancedTexts } from '../../support/balanced-texts';

test('balanced texts raise a false alarm in few sets: any of six in less than a fifth, one of them in less than a tenth', () => {
  const sets = 80;
  const alarms = new Map<string, number>();
  let any = 0;
  for (let seed = 0; seed < sets; seed++) {
    const leaks = surfaceLeak(balancedTexts(100 + seed, 320));
    for (const { surface, target, leaks: called } of leaks)
      alarms.set(`${surface} ${target}`, (alarms.get(`${surface} ${target}`) ?? 0) + Number(called));
    if (leaks.some((leak) => leak.leaks)) any++;
  }
  // 250 other sets: any 7.2%, each at most 2.0%. Four standard deviations of 80 sets lie above.
  expect(alarms.size).toBe(6);
  for (const [name, count] of alarms) expect(count / sets, name).toBeLessThan(0.1);
  expect(any / sets).toBeLessThan(0.2);
});
