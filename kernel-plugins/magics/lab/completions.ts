import { runIds } from '../../../src/runs';
import type { CompletionSource } from '../../host';
import type { LabSession } from './session';
import { POLICIES, TASKS } from './shared-options';

/** Names that options complete to. In a list (`a,b`) the last name is completed and those before it stay. */
export function labCompletions(session: LabSession): CompletionSource[] {
  const source = (name: string, names: () => readonly string[] | Promise<readonly string[]>): CompletionSource => ({
    name,
    async values(prefix) {
      const before = prefix.slice(0, prefix.lastIndexOf(',') + 1);
      const given = new Set(before.split(','));
      return (await names())
        .filter((value) => !given.has(value))
        .map((value) => `${before}${value}`)
        .filter((value) => value.startsWith(prefix));
    },
  });
  return [
    source('tasks', () => TASKS),
    source('arms', () => POLICIES),
    source('labels', () => session.workbench.labelNames()),
    source('runs', () => runIds(session.runs)),
    source('rubrics', async () => (await import('../../../src/judge/index.js')).rubricIds()),
    source('models', async () => (await import('../../../src/judge/index.js')).readModels().models.map(({ id }) => id)),
    source('presets', async () => {
      const { presetsOf } = await import('../../../src/experiments/index.js');
      return presetsOf(session.workbench.settings.task);
    }),
  ];
}
