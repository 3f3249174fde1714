import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadScript } from './fake-machine';

type Environment = Record<string, string | undefined>;
const { runtimeEnvironment } = loadScript<{ runtimeEnvironment(layout: object, env: Environment): Environment }>(
  'runtime-environment.mjs',
);

describe('the environment of programs that an npm script starts', () => {
  let root: string;
  const environmentOf = (env: Environment) => runtimeEnvironment({ root, venv: join(root, '.venv') }, env);
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'mstlab-environment-'));
    writeFileSync(join(root, '.npmrc'), 'ignore-scripts=true\nfund=false\n');
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it('is without this project’s npm settings and names, with everything else', () => {
    const env = environmentOf({
      npm_lifecycle_event: 'lab',
      npm_lifecycle_script: 'node lab',
      npm_package_name: 'mstlab',
      npm_command: 'run-script',
      npm_config_ignore_scripts: 'true',
      npm_config_fund: '',
      npm_config_local_prefix: root,
      INIT_CWD: root,
      npm_config_registry: 'https://registry.example',
      npm_config_cache: '/cache',
      HOME: '/home',
    });
    expect(Object.keys(env).filter((name) => /^npm|INIT/.test(name))).toEqual([
      'npm_config_registry',
      'npm_config_cache',
    ]);
    expect(env.HOME).toBe('/home');
  });

  it('keeps what a person has set where no npm script runs', () => {
    expect(environmentOf({ npm_config_ignore_scripts: 'true' })).toHaveProperty('npm_config_ignore_scripts', 'true');
  });
});
