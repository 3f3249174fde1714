import { describe, expect, it } from 'vitest';
import { ConfigError, RandomStream } from '../../src/core';
import { additionProblems, auditLabelLeak, type LeakItem, loadNews } from '../../src/tasks';

const { examples } = loadNews({ form: 'briefs' });
const some = examples.slice(0, 240);
const news = (change: (item: LeakItem, at: number) => LeakItem = (item) => item): LeakItem[] =>
  some.map(({ instruction, labelValue, group }, at) => change({ prompt: instruction, label: labelValue, group }, at));
const { train } = additionProblems({ seed: 0 });
const random = new RandomStream(2);
const addition: LeakItem[] = train
  .slice(0, 400)
  .map(({ instruction, group }) => ({ prompt: instruction, label: 0.5 + random.uniform(), group }));
const leaking = (items: readonly LeakItem[]) =>
  auditLabelLeak({ items }).rows.flatMap(({ reader, leaks }) => (leaks ? [reader] : []));

describe('the audit of labels in prompts', () => {
  it('finds nothing in the news prompts, nor in additions, whose monitor is drawn apart from them', () => {
    expect(leaking(news())).toEqual([]);
    expect(leaking(addition)).toEqual([]);
    const audit = auditLabelLeak({ items: addition });
    expect(audit.rows[0]).toMatchObject({ n: 400, labels: 3 });
    expect(audit.text).toContain('the baseline arm cannot tell the rows apart');
  });

  it('finds a word that stands for the label, and says what that means', () => {
    const told = news((item) => ({ ...item, prompt: `${item.prompt} Filed under ${item.label}.` }));
    const audit = auditLabelLeak({ items: told, readers: ['words'] });
    expect(audit.leaks).toBe(true);
    expect(audit.rows[0].accuracy).toBeGreaterThan(0.95);
    expect(audit.text).toMatch(
      /words: names the label of .*LEAKS\nThe prompt gives the label away: the baseline arm can read it too/,
    );
  });

  it('finds a length and a mark that stand for the label, by the reader of each', () => {
    const longer = news((item) => ({
      ...item,
      prompt: `${item.prompt}${String(item.label).startsWith('strong') ? ' More is known. All of it is old.'.repeat(3) : ''}`,
      label: String(item.label).split('_')[0],
    }));
    expect(leaking(longer)).toContain('length');
    const marked = news((item) => ({
      ...item,
      prompt: String(item.label).endsWith('left') ? item.prompt : item.prompt.replace(/\.$/, '!'),
      label: String(item.label).split('_')[1],
    }));
    expect(leaking(marked)).toContain('punctuation');
  });

  it('reads single digits: a monitor that follows an operand is found in the characters', () => {
    const tied = addition.map((item) => ({ ...item, label: item.prompt.includes('7') ? 'with 7' : 'without' }));
    expect(leaking(tied)).toEqual(['characters']);
  });

  it('a label that follows the group alone is not read, for no group is judged by a model that saw it', () => {
    const groups = [...new Set(some.map(({ group }) => group))];
    const byGroup = news((item) => ({ ...item, label: `label ${groups.indexOf(item.group) % 2}`, prompt: item.group }));
    expect(auditLabelLeak({ items: byGroup, readers: ['words'] }).leaks).not.toBe(true);
  });

  it('cuts numbers into ranges with as many rows, equal ones together', () => {
    const rows = auditLabelLeak({ items: addition, bins: 4, readers: ['length'] }).rows;
    expect(rows[0]).toMatchObject({ labels: 4, chance: 0.25 });
    const equal = addition.map((item) => ({ ...item, label: 1 }));
    const [row] = auditLabelLeak({ items: equal, readers: ['length'] }).rows;
    expect(row).toMatchObject({ accuracy: null, leaks: null });
    expect(row.missing_reason).toContain('at least 2');
  });

  it('gives the same rows again, and says why one cannot be measured', () => {
    const items = news().slice(0, 80);
    expect(auditLabelLeak({ items })).toEqual(auditLabelLeak({ items }));
    const one = auditLabelLeak({ items: items.map((item) => ({ ...item, group: 'one' })) });
    expect(one.leaks).toBeNull();
    expect(one.rows.every(({ accuracy, missing_reason }) => accuracy === null && missing_reason)).toBe(true);
    const wordless = items.map((item) => ({ ...item, prompt: '+' }));
    expect(auditLabelLeak({ items: wordless, readers: ['words'] }).rows[0].missing_reason).toBe(
      'no word stands in two prompts',
    );
  });

  it('refuses no items, names beside numbers, NaN and one range', () => {
    expect(() => auditLabelLeak({ items: [] })).toThrow(/there must be items/);
    expect(() => auditLabelLeak({ items: [addition[0], news()[0]] })).toThrow(/all names or all numbers/);
    expect(() => auditLabelLeak({ items: [{ ...addition[0], label: Number.NaN }] })).toThrow(ConfigError);
    expect(() => auditLabelLeak({ items: addition, bins: 1 })).toThrow(/bins must be/);
  });
});
