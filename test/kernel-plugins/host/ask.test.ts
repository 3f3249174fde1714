import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { terminalAsk } from '../../../kernel-plugins/host/ask';

function terminal() {
  const input = new PassThrough();
  const output = new PassThrough();
  let shown = '';
  output.on('data', (chunk) => {
    shown += chunk;
  });
  return { input, ask: terminalAsk(input, output), shown: () => shown };
}

describe('questions in a terminal', () => {
  test('the message is shown and the line that follows is the answer', async () => {
    const { input, ask, shown } = terminal();
    const answer = ask.ask('Name? ', { hidden: false });
    input.write('Ada\n');
    expect(await answer).toBe('Ada');
    expect(shown()).toBe('Name? ');
  });

  test('a secret is not shown', async () => {
    const { input, ask, shown } = terminal();
    const answer = ask.ask('Key: ', { hidden: true });
    input.write('s3cret-key\n');
    expect(await answer).toBe('s3cret-key');
    expect(shown()).toBe('Key: \n');
  });

  test('a signal gives the question up with its reason', async () => {
    const { ask } = terminal();
    const controller = new AbortController();
    const answer = ask.ask('?', { hidden: false, signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
    await expect(ask.ask('?', { hidden: false, signal: controller.signal })).rejects.toThrow('enough');
  });

  test('the end of the input is an error that says so', async () => {
    const { input, ask } = terminal();
    const answer = ask.ask('?', { hidden: false });
    input.end();
    await expect(answer).rejects.toThrow(/an answer must come, got the end of the input/);
  });
});
