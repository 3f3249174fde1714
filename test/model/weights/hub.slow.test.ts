import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AbortedError, ConfigError, FileFormatError, MachineError, type Progress } from '../../../src/core';
import { fetchModel, locateModel, openModel } from '../../../src/model/weights';
import { hubSettings, parseHubRef } from '../../../src/model/weights/hub-settings';
import { COMMIT, HubServer, hashOf, type Repository, repositoryOf } from '../../support/hub-server';

const golden = (name: string) => join(__dirname, '../../golden', name);
const TOKEN = 'hf_secretSecretSecret';
const ID = 'an-org/tiny.Qwen2';
const SHARD = 'model-00001-of-00002.safetensors';
const scratch = mkdtempSync(join(tmpdir(), 'mstlab-hub-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const repository: Repository = repositoryOf(golden('tiny-qwen2'), ID, {
  'README.md': Buffer.from('a card'),
  'pytorch_model.bin': Buffer.alloc(9_000, 1),
});
const bytesOf = (name: string): Buffer => repository.files[name];

let hub: HubServer;
let cacheDir: string;
let folder: string;
beforeEach(async () => {
  hub = await HubServer.start(repository);
  cacheDir = mkdtempSync(join(scratch, 'cache-'));
  folder = join(cacheDir, 'models--an-org--tiny.Qwen2');
});
afterEach(() => hub.stop());

const environment = (more: Record<string, string> = {}) => ({ HF_ENDPOINT: hub.url, HF_HUB_CACHE: cacheDir, ...more });
const fast = { tries: 3, retryDelayMs: 1, stallMs: 300 };
const fetchTiny = (more: object = {}) => fetchModel(ID, { env: environment(), ...fast, ...more });
const blobs = (): string[] => readdirSync(join(folder, 'blobs')).sort();
const partial = (name: string): string => join(folder, 'blobs', `${hashOf(bytesOf(name))}.mstlab.incomplete`);

async function errorOf(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => Promise.reject(new Error('nothing was thrown')),
    (error) => error as Error,
  );
}

describe('a model of the hub', () => {
  test('comes into the cache of Python’s tools, only the files that are read, and is the very model', async () => {
    const fetched = await fetchTiny();
    expect(fetched.path).toBe(join(folder, 'snapshots', COMMIT));
    expect(readdirSync(fetched.path).sort()).toEqual([
      'chat_template.jinja',
      'config.json',
      'generation_config.json',
      SHARD,
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    expect(readFileSync(join(folder, 'refs', 'main'), 'utf8')).toBe(COMMIT);
    for (const { name, hash } of fetched.files) {
      expect(readlinkSync(join(fetched.path, name))).toBe(join('..', '..', 'blobs', hash));
      expect(readFileSync(join(fetched.path, name))).toEqual(bytesOf(name));
    }
    expect(blobs()).toHaveLength(8);
    const model = await openModel(fetched.path);
    const local = await openModel(golden('tiny-qwen2'));
    expect(model.id).toBe(ID);
    expect(model.hash).toBe(local.hash);
    model.close();
    local.close();
  });

  test('says what it costs before anything is fetched, and how far it is', async () => {
    const reports: Progress[] = [];
    const requestsAt: number[] = [];
    const fetched = await fetchTiny({
      onProgress: (progress: Progress) => {
        reports.push(progress);
        requestsAt.push(hub.requests.filter(({ path }) => path.includes('/resolve/')).length);
      },
    });
    const total = fetched.files.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(reports[0]).toMatchObject({ what: `fetch ${ID}`, done: 0, total, unit: 'bytes' });
    expect(requestsAt[0]).toBe(0);
    expect(reports.at(-1)?.done).toBe(total);
    expect(fetched.fetchedBytes).toBe(total);
    const done = reports.map((report) => report.done);
    expect(done).toEqual([...done].sort((a, b) => a - b));
  });

  test('is not asked for twice: a second fetch brings nothing, and the cache serves without the hub', async () => {
    await fetchTiny();
    expect((await fetchTiny()).fetchedBytes).toBe(0);
    expect(hub.rangesOf(SHARD)).toHaveLength(1);
    const before = hub.requests.length;
    const path = join(folder, 'snapshots', COMMIT);
    expect(await locateModel(ID, { env: environment() })).toEqual({ id: ID, path });
    expect(await locateModel(`${ID}@${COMMIT}`, { env: environment({ HF_HUB_OFFLINE: '1' }) })).toEqual({
      id: ID,
      path,
    });
    expect(await locateModel(folder, { env: {} })).toEqual({ id: ID, path });
    expect(await locateModel(path, { env: {} })).toEqual({ id: ID, path });
    expect(hub.requests).toHaveLength(before);
  });

  test('opens by its name, by the environment of the process', async () => {
    for (const [name, value] of Object.entries(environment())) vi.stubEnv(name, value);
    const reports: Progress[] = [];
    const onProgress = (progress: Progress) => void reports.push(progress);
    const model = await openModel(ID, { onProgress }).finally(() => vi.unstubAllEnvs());
    const local = await openModel(golden('tiny-qwen2'));
    expect(model.id).toBe(ID);
    expect(model.hash).toBe(local.hash);
    expect(reports[0]).toMatchObject({ what: `fetch ${ID}`, done: 0 });
    for (const name of local.tensors.names()) expect(model.tensors.read(name)).toEqual(local.tensors.read(name));
    model.close();
    local.close();
  });

  test('is announced on stderr where nobody listens', async () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const { path } = await locateModel(ID, { env: environment() });
    const lines = write.mock.calls.map(([line]) => String(line));
    write.mockRestore();
    expect(path).toBe(join(folder, 'snapshots', COMMIT));
    expect(lines).toEqual([expect.stringMatching(/^mstlab: fetching an-org\/tiny\.Qwen2, 3\d kB, to .*an-org--tiny/)]);
  });

  test('fetched by two at once is whole for both', async () => {
    await Promise.all([fetchTiny(), fetchTiny()]);
    expect(blobs()).toHaveLength(8);
    expect(readFileSync(join(folder, 'snapshots', COMMIT, SHARD))).toEqual(bytesOf(SHARD));
  });
});

describe('a connection that breaks', () => {
  test('in the middle of a file is taken up where it broke', async () => {
    hub.faults.push({ name: SHARD, fault: { cutAfter: 4_000 } }, { name: SHARD, fault: { cutAfter: 3_000 } });
    await fetchTiny();
    expect(hub.rangesOf(SHARD)).toEqual([undefined, 'bytes=4000-', 'bytes=7000-']);
    expect(readFileSync(join(folder, 'snapshots', COMMIT, SHARD))).toEqual(bytesOf(SHARD));
  });

  test('by an answer that ends early, a busy server or silence is taken up too', async () => {
    hub.faults.push(
      { name: SHARD, fault: { endAfter: 100 } },
      { name: SHARD, fault: { status: 503 } },
      { name: SHARD, fault: { hang: true } },
    );
    await fetchTiny();
    expect(hub.rangesOf(SHARD)[1]).toBe('bytes=100-');
    expect(hub.rangesOf(SHARD)).toHaveLength(4);
    expect(readFileSync(join(folder, 'snapshots', COMMIT, SHARD))).toEqual(bytesOf(SHARD));
  });

  test('and a server that ignores ranges gives the whole file once more', async () => {
    hub.faults.push({ name: SHARD, fault: { cutAfter: 4_000 } }, { name: SHARD, fault: { ignoreRange: true } });
    await fetchTiny();
    expect(hub.rangesOf(SHARD)).toEqual([undefined, 'bytes=4000-']);
    expect(readFileSync(join(folder, 'snapshots', COMMIT, SHARD))).toEqual(bytesOf(SHARD));
  });

  test('and does not come back keeps the part; the next call goes on from there', async () => {
    hub.faults.push({ name: SHARD, fault: { cutAfter: 4_000 } });
    for (let i = 0; i < 3; i++) hub.faults.push({ name: SHARD, fault: { status: 502 } });
    const error = await errorOf(fetchTiny());
    expect(error).toBeInstanceOf(MachineError);
    expect(error.message).toMatch(/must have \d+ bytes, got 4000 and then 3 times nothing more \(status 502\)/);
    expect(readFileSync(partial(SHARD))).toEqual(bytesOf(SHARD).subarray(0, 4_000));
    await fetchTiny();
    expect(hub.rangesOf(SHARD).at(-1)).toBe('bytes=4000-');
    expect(blobs().filter((name) => name.endsWith('incomplete'))).toEqual([]);
  });

  test('by the caller is an AbortedError, keeps the part, and is gone on from', async () => {
    hub.faults.push({ name: SHARD, fault: { hang: true } });
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 150);
    expect(await errorOf(fetchTiny({ signal: stop.signal, stallMs: 9_999 }))).toBeInstanceOf(AbortedError);
    const half = bytesOf(SHARD).length >> 1;
    expect(readFileSync(partial(SHARD))).toHaveLength(half);
    await fetchTiny();
    expect(hub.rangesOf(SHARD).at(-1)).toBe(`bytes=${half}-`);
    const before = new AbortController();
    before.abort();
    expect(await errorOf(fetchTiny({ signal: before.signal }))).toBeInstanceOf(AbortedError);
  });

  test('with its process leaves a part that the next process finds; that of a live one is left alone', async () => {
    mkdirSync(join(folder, 'blobs'), { recursive: true });
    const part = (pid: number) =>
      join(folder, 'blobs', `${hashOf(bytesOf(SHARD))}.${hostname()}.${pid}.1.mstlab.incomplete`);
    writeFileSync(part(2 ** 22 + 1), bytesOf(SHARD).subarray(0, 5_000)); // above the largest process id of Linux
    writeFileSync(part(process.pid), bytesOf(SHARD).subarray(0, 6_000));
    await fetchTiny();
    expect(hub.rangesOf(SHARD)).toEqual(['bytes=5000-']);
    expect(existsSync(part(process.pid))).toBe(true);
  });
});

describe('bytes that are not the file’s', () => {
  test.each([
    ['changed', SHARD, () => Buffer.alloc(bytesOf(SHARD).length, 7)],
    ['too many', SHARD, () => Buffer.concat([bytesOf(SHARD), Buffer.from('more')])],
    ['changed in a small file', 'config.json', () => Buffer.alloc(bytesOf('config.json').length, 32)],
  ])('(%s) are refused by name and removed', async (_, name, body) => {
    hub.faults.push({ name, fault: { body: body() } });
    const error = await errorOf(fetchTiny());
    expect(error).toBeInstanceOf(FileFormatError);
    expect(error.message).toContain(
      `${name} must have ${bytesOf(name).length} bytes with hash ${hashOf(bytesOf(name))}`,
    );
    expect(blobs().filter((blob) => blob.startsWith(hashOf(bytesOf(name))))).toEqual([]);
    await fetchTiny();
    expect(readFileSync(join(folder, 'snapshots', COMMIT, name))).toEqual(bytesOf(name));
  });

  test('left from an earlier call are thrown away, and the file is fetched whole', async () => {
    mkdirSync(join(folder, 'blobs'), { recursive: true });
    writeFileSync(partial(SHARD), Buffer.alloc(4_000, 7));
    await fetchTiny();
    expect(hub.rangesOf(SHARD)).toEqual(['bytes=4000-', undefined]);
    expect(readFileSync(join(folder, 'snapshots', COMMIT, SHARD))).toEqual(bytesOf(SHARD));
  });
});

describe('the token', () => {
  test('goes to the hub and not to the store that a redirect leads to', async () => {
    await fetchTiny({ env: environment({ HF_TOKEN: TOKEN }) });
    const sent = (server: string) => hub.requests.filter((request) => request.server === server);
    expect(sent('hub').every(({ authorization }) => authorization === `Bearer ${TOKEN}`)).toBe(true);
    expect(sent('store').length).toBeGreaterThanOrEqual(2);
    expect(sent('store').every(({ authorization }) => authorization === undefined)).toBe(true);
  });

  test.each([401, 403, 404, 500])('stands in no message; status %i says what to do', async (status) => {
    hub.status = status;
    for (const variable of ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN', 'OTHER']) {
      const error = await errorOf(fetchTiny({ env: environment({ [variable]: TOKEN }) }));
      expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain(TOKEN);
      const who = variable === 'OTHER' ? 'no token' : 'a token that may not read it';
      if (status === 401 || status === 403)
        expect(error.message).toMatch(
          new RegExp(`got ${status} with ${who} .*accept its licence at ${hub.url}/${ID} and set HF_TOKEN`),
        );
      if (status === 404) expect(error.message).toContain(`the hub must have "${ID}", got 404`);
      if (status === 500) expect(error).toBeInstanceOf(MachineError);
    }
  });

  test('is refused for one file as for the list', async () => {
    hub.faults.push({ name: SHARD, fault: { status: 403 } });
    expect((await errorOf(fetchTiny())).message).toContain('set HF_TOKEN');
  });

  test('that is none is refused without showing it', async () => {
    const error = await errorOf(fetchTiny({ env: environment({ HF_TOKEN: 'password123' }) }));
    expect(error.message).toContain('must start with "hf_"');
    expect(error.message).not.toContain('password123');
  });
});

describe('without the hub', () => {
  const NEEDED =
    /config\.json, tokenizer\.json, model\.safetensors \(or model\.safetensors\.index\.json with every shard/;

  test.each([
    ['told so', { HF_HUB_OFFLINE: '1' }, 'got HF_HUB_OFFLINE'],
    ['not reached', { HF_ENDPOINT: 'http://127.0.0.1:9' }, 'got '],
  ])('(%s) the message names every file to copy, from where and to where', async (_, more, reason) => {
    const error = await errorOf(openOffline(more));
    expect(error).toBeInstanceOf(MachineError);
    expect(error.message).toContain(reason);
    expect(error.message).toMatch(NEEDED);
    expect(error.message).toContain(`hf download ${ID}`);
    expect(error.message).toContain(`models--an-org--tiny.Qwen2, links included, to ${folder}`);
    expect(hub.requests).toEqual([]);
  });

  test('a cache that is not whole says what it lacks', async () => {
    await fetchTiny();
    rmSync(join(folder, 'blobs', hashOf(bytesOf(SHARD))));
    const error = await errorOf(openOffline({ HF_HUB_OFFLINE: '1' }));
    expect(error.message).toContain(`a cache that lacks ${SHARD} (${folder})`);
  });

  const openOffline = (more: Record<string, string>) =>
    locateModel(ID, { env: environment(more), onProgress: () => {} });
});

describe('a repository that is not a model of ours', () => {
  const without = async (names: RegExp, more: Record<string, Buffer> = {}) => {
    await hub.stop();
    const files = Object.fromEntries(Object.entries(repository.files).filter(([name]) => !names.test(name)));
    hub = await HubServer.start({ ...repository, files: { ...files, ...more } });
    return errorOf(fetchTiny());
  };

  test('without safetensors names what it has instead', async () => {
    const error = await without(/safetensors/, { 'model-q4.gguf': Buffer.from('GGUF') });
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toMatch(
      /without model\.safetensors\.index\.json but with pytorch_model\.bin, model-q4\.gguf .*give its path/,
    );
    expect(hub.requests.filter(({ path }) => path.includes('/resolve/'))).toEqual([]);
  });

  test('without a shard that its index names is refused before the weights are fetched', async () => {
    const error = await without(/00002-of/);
    expect(error.message).toMatch(/got none called model-00002-of-00002\.safetensors/);
    expect(hub.rangesOf(SHARD)).toEqual([]);
  });

  test('whose list holds no hash is refused', async () => {
    hub.listed = ({ oid: _, ...entry }) => entry;
    expect((await errorOf(fetchTiny())).message).toContain('list of "an-org/tiny.Qwen2" must hold a size and a hash');
  });
});

describe('a disk', () => {
  test('with too little room is refused before anything is fetched', async () => {
    hub.listed = (entry) => (entry.path === 'config.json' ? { ...entry, size: 2 ** 52 } : entry);
    const error = await errorOf(fetchTiny());
    expect(error).toBeInstanceOf(MachineError);
    expect(error.message).toMatch(/room for the 4503599\.\d+ GB .* name another disk in HF_HUB_CACHE/);
    expect(hub.requests.filter(({ path }) => path.includes('/resolve/'))).toEqual([]);
  });

  test.runIf(existsSync('/dev/full'))('that is full while it is written says so', async () => {
    mkdirSync(join(folder, 'blobs'), { recursive: true });
    symlinkSync('/dev/full', partial(SHARD));
    const error = await errorOf(fetchTiny());
    expect(error).toBeInstanceOf(MachineError);
    expect(error.message).toMatch(/got a full disk \(ENOSPC\).*what was fetched is kept/);
    expect(blobs()).toContain(hashOf(bytesOf('config.json')));
  });
});

describe('a reference', () => {
  test.each([
    ['org/name', { id: 'org/name', revision: 'main' }],
    ['Qwen/Qwen3-0.6B@v1.0', { id: 'Qwen/Qwen3-0.6B', revision: 'v1.0' }],
    ['org/name@refs/pr/1', { id: 'org/name', revision: 'refs/pr/1' }],
    ['smollm3', null],
    ['./org/name', null],
    ['/org/name', null],
    ['org/name/more', null],
    ['org/model.gguf', null],
    ['org/..', null],
    ['org/name@../../x', null],
  ])('%s is read as %j', (ref, expected) => {
    expect(parseHubRef(ref)).toEqual(expected);
  });

  test('that is a folder on this machine is that folder, whatever the hub has', async () => {
    const at = process.cwd();
    process.chdir(join(__dirname, '../..'));
    const located = await locateModel('golden/tiny-llama', { env: environment() }).finally(() => process.chdir(at));
    expect(located).toEqual({ id: 'tiny-llama', path: golden('tiny-llama') });
    expect(hub.requests).toEqual([]);
  });

  test('with a slash that is nothing anywhere is told by the hub', async () => {
    expect((await errorOf(fetchModel('org/none', { env: environment(), ...fast }))).message).toContain('got 404');
    expect((await errorOf(fetchModel('none', { env: environment() }))).message).toContain('"org/name"');
  });

  test('finds the cache by the variables of Hugging Face’s tools, in their order', () => {
    expect(hubSettings({ HF_HUB_CACHE: '/a', HF_HOME: '/b' }).cacheDir).toBe('/a');
    expect(hubSettings({ HF_HOME: '/b', XDG_CACHE_HOME: '/c' }).cacheDir).toBe('/b/hub');
    expect(hubSettings({ XDG_CACHE_HOME: '/c' }).cacheDir).toBe('/c/huggingface/hub');
    expect(hubSettings({}).cacheDir).toMatch(/\/\.cache\/huggingface\/hub$/);
    expect(hubSettings({}).hubUrl).toBe('https://huggingface.co');
  });
});
