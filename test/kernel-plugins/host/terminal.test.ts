import { expect, test } from 'vitest';
import { terminalSink } from '../../../kernel-plugins/host';
import { TerminalView } from '../../../kernel-plugins/notebook-runner';

function stream(isTTY: boolean) {
  const written: string[] = [];
  const fake = { isTTY, write: (text: string) => written.push(text) > 0 } as unknown as NodeJS.WriteStream;
  return { fake, text: () => written.join('') };
}
const bundle = (text: string) => ({ data: { 'text/plain': text } });

test('on a terminal an update overwrites the lines it wrote, and nothing else', () => {
  const { fake, text } = stream(true);
  const sink = terminalSink(fake);
  sink.display(bundle('1/2'), 'bar', false);
  sink.display(bundle('2/2'), 'bar', true);
  sink.display(bundle('other'), 'other', false);
  sink.display(bundle('late'), 'bar', true);
  expect(text()).toBe('1/2\n\u001b[1A\u001b[J2/2\nother\nlate\n');
});

test('in a file only the first and the last state are written', () => {
  const { fake, text } = stream(false);
  const sink = terminalSink(fake);
  for (let done = 1; done <= 50; done++) sink.display(bundle(`${done}/50`), 'bar', done > 1);
  sink.display(bundle('next'), null, false);
  expect(text()).toBe('1/50\n50/50\nnext\n');
});

test('a notebook’s run in a log has a line of progress now and then, and its end', () => {
  const { fake, text } = stream(false);
  let nowMs = 0;
  const view = new TerminalView(fake, () => nowMs);
  const message = (type: string, content: object) => view.onMessage({ header: { msg_type: type }, content } as never);
  for (let done = 1; done <= 250; done++) {
    nowMs += 100;
    message(done === 1 ? 'display_data' : 'update_display_data', {
      data: { 'text/plain': `${done}/250` },
      transient: { display_id: 'bar' },
    });
  }
  message('stream', { name: 'stdout', text: 'printed\n' });
  expect(text()).toBe('1/250\n101/250\n201/250\n250/250\nprinted\n');
});
