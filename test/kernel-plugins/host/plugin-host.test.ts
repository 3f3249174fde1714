import { describe, expect, test } from 'vitest';
import { displaySymbol, PluginHost, type RichBundle } from '../../../kernel-plugins/host';

const shout = {
  name: 'shout',
  matches: (value: unknown) => typeof value === 'string',
  format: (value: string): RichBundle => ({ data: { 'text/plain': value.toUpperCase() } }),
};

describe('PluginHost', () => {
  test('a registered formatter presents the values it matches, others get their text', async () => {
    const host = new PluginHost();
    host.register('loud', ({ formatters }) => formatters.add(shout));
    expect(await host.present('quiet')).toEqual({ data: { 'text/plain': 'QUIET' } });
    expect(await host.present({ a: [1] })).toEqual({ data: { 'text/plain': '{ a: [ 1 ] }' } });
  });

  test('the plugin registered last is asked first, and unregister takes back what it added', async () => {
    const host = new PluginHost();
    host.register('loud', ({ formatters }) => formatters.add(shout));
    host.register('short', ({ formatters }) =>
      formatters.add({
        ...shout,
        name: 'first letter',
        format: (value: string) => ({ data: { 'text/plain': value[0] } }),
      }),
    );
    expect(await host.present('quiet')).toEqual({ data: { 'text/plain': 'q' } });
    host.unregister('short');
    expect(await host.present('quiet')).toEqual({ data: { 'text/plain': 'QUIET' } });
  });

  test('a plugin that throws while it registers leaves nothing behind', async () => {
    const host = new PluginHost();
    const broken = () =>
      host.register('broken', ({ formatters }) => {
        formatters.add(shout);
        throw new Error('no');
      });
    expect(broken).toThrow('no');
    expect(await host.present('quiet')).toEqual({ data: { 'text/plain': "'quiet'" } });
    host.register('broken', ({ formatters }) => formatters.add(shout));
  });

  test('two plugins of one name, and two formatters of one name in a plugin, are refused', () => {
    const host = new PluginHost();
    host.register('loud', () => {});
    expect(() => host.register('loud', () => {})).toThrow(/name must be new, got "loud" twice/);
    expect(() =>
      host.register('twice', ({ formatters }) => {
        formatters.add(shout);
        formatters.add(shout);
      }),
    ).toThrow(/different names, got "shout" twice/);
  });

  test('a formatter that fails, at once or later, costs only the rich form', async () => {
    const host = new PluginHost();
    host.register('broken', ({ formatters }) => {
      formatters.add({
        name: 'sync',
        matches: (value) => value === 1,
        format: () => {
          throw new Error('no ink');
        },
      });
      formatters.add({
        name: 'async',
        matches: (value) => value === 2,
        format: async () => {
          throw new Error('no paper');
        },
      });
    });
    expect((await host.present(1)).data['text/plain']).toMatch(/^1\n.*sync.*no ink/);
    expect((await host.present(2)).data['text/plain']).toMatch(/^2\n.*async.*no paper/);
  });

  test('a value’s own bundle goes before formatters, and its bytes become base64', async () => {
    const host = new PluginHost();
    host.register('all', ({ formatters }) => formatters.add({ ...shout, matches: () => true }));
    const bundle = await host.present({ [displaySymbol]: () => ({ 'image/png': new Uint8Array([137, 80]) }) });
    expect(bundle.data).toEqual({ 'image/png': 'iVA=' });
  });
});
