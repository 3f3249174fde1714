import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const PROJECT = resolve(__dirname, '..', '..');
export const SCRIPTS = join(PROJECT, 'kernel-plugins', 'kernelspec');

/** Loads one of the plain scripts; they have no declarations, so the caller names what it uses. */
export function loadScript<T>(name: string): T {
  return createRequire(__filename)(join(SCRIPTS, name)) as T;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/**
 * A small project with the real set-up scripts and, as the only programs on its PATH, stand-ins for python3, npm, g++
 * and tsc. Nothing reaches a network, and each stand-in can be told to fail, to stop half-way, or to be absent.
 */
export class FakeMachine {
  readonly root = mkdtempSync(join(tmpdir(), 'mstlab-setup-'));
  private readonly bin = join(this.root, 'fake-bin');
  private readonly callLog = join(this.root, 'calls.log');
  private readonly running = new Set<ChildProcess>();

  constructor() {
    const scripts = join(this.root, 'kernel-plugins', 'kernelspec');
    cpSync(SCRIPTS, scripts, { recursive: true });
    const layout = readFileSync(join(scripts, 'layout.mjs'), 'utf8');
    const hash = createHash('sha256').update('model').digest('hex');
    writeFileSync(join(scripts, 'layout.mjs'), layout.replace(/modelSha256: '[0-9a-f]{64}'/, `modelSha256: '${hash}'`));
    this.write('package.json', '{ "name": "mstlab" }');
    this.write('tsconfig.json', '{}');
    this.write('tsconfig.build.json', '{}');
    this.write('src/core/a.ts', 'export const a = 1;\n');
    this.write('src/core/table.json', '{}');
    this.lock('5.9.3');
    mkdirSync(this.bin);
    cpSync(join(__dirname, 'fake-tools'), this.bin, { recursive: true });
    for (const tool of ['python3', 'npm', 'g++']) this.addTool(tool);
  }

  /** Puts a stand-in on the PATH: the one for `like`, under another name if asked. */
  addTool(name: string, like = name): void {
    const file = join(this.bin, name);
    const script = join(this.bin, `${like}.mjs`);
    writeFileSync(file, `#!/bin/sh\nFAKE_SELF="$0" exec "${process.execPath}" "${script}" "$@"\n`);
    chmodSync(file, 0o755);
  }

  /** Puts a shell script on the PATH. */
  addShellTool(name: string, body: string): void {
    writeFileSync(join(this.bin, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(this.bin, name), 0o755);
  }

  removeTool(name: string): void {
    rmSync(join(this.bin, name));
  }

  write(path: string, text: string): void {
    mkdirSync(join(this.root, path, '..'), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  exists(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  /** Writes a package-lock.json that wants this version of typescript. */
  lock(typescript: string): void {
    const entry = (version: string) => ({ version, integrity: `sha512-${version}` });
    const packages = {
      '': {},
      'node_modules/typescript': entry(typescript),
      'node_modules/@tensorflow/tfjs-node-gpu': entry('4.22.0'),
      'node_modules/node-api-headers': entry('1.9.0'),
      'node_modules/fsevents': { ...entry('2.3.3'), optional: true },
    };
    this.write('package-lock.json', JSON.stringify({ packages }));
  }

  /** The tools that were started since the last call of this. */
  calls(): string[] {
    const text = existsSync(this.callLog) ? readFileSync(this.callLog, 'utf8') : '';
    rmSync(this.callLog, { force: true });
    return text.split('\n').filter((line) => line !== '');
  }

  /**
   * Process ids of stand-ins that reached the point at which they were told to stay. Whole lines alone: on a loaded
   * machine the file is seen empty between its making and its first line, which would read as process 0.
   */
  reached(): number[] {
    const file = `${this.callLog}.reached`;
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1).map(Number) : [];
  }

  start(env: Record<string, string> = {}, script = 'setup.mjs', args: string[] = []): ChildProcess {
    const child = spawn(process.execPath, [join(this.root, 'kernel-plugins', 'kernelspec', script), ...args], {
      cwd: this.root,
      env: { PATH: this.bin, HOME: this.root, TMPDIR: tmpdir(), FAKE_CALLS: this.callLog, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.running.add(child);
    return child;
  }

  async run(env: Record<string, string> = {}, script = 'setup.mjs', args: string[] = []): Promise<Ended> {
    return this.ended(this.start(env, script, args));
  }

  ended(child: ChildProcess): Promise<Ended> {
    const begin = Date.now();
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    return new Promise((done) => {
      child.on('close', (code) => {
        this.running.delete(child);
        done({ code, stdout, stderr, ms: Date.now() - begin });
      });
    });
  }

  /** Starts set-up, kills it with SIGKILL once a stand-in reached `point`, and returns that stand-in's process id. */
  async killAt(point: string): Promise<number> {
    const before = this.reached().length;
    const child = this.start({ FAKE_HANG: point });
    const ended = this.ended(child);
    while (this.reached().length === before) {
      if (child.exitCode !== null) throw new Error(`set-up ended before ${point}: ${(await ended).stderr}`);
      await pause(20);
    }
    child.kill('SIGKILL');
    await new Promise((done) => child.on('exit', done));
    this.running.delete(child);
    return this.reached().at(-1) as number;
  }

  /** Ends a stand-in that still runs; most have ended, and the system may have given their ids to other processes. */
  private endStandIn(pid: number): void {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      if (environment.includes(`FAKE_CALLS=${this.callLog}`)) process.kill(pid, 'SIGKILL');
    } catch {
      // Ended already, as it should be.
    }
  }

  /** Files that an interrupted write would leave. */
  partials(): string[] {
    return readdirSync(this.root, { recursive: true })
      .map(String)
      .filter((name) => name.includes('.partial'));
  }

  dispose(): void {
    for (const child of this.running) child.kill('SIGKILL');
    for (const pid of this.reached()) this.endStandIn(pid);
    rmSync(this.root, { recursive: true, force: true });
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}
