import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** How one answer for a file goes wrong. */
export interface Fault {
  readonly status?: number;
  /** The connection is cut after this many bytes of the body. */
  readonly cutAfter?: number;
  /** The answer ends after this many bytes as if it were whole. */
  readonly endAfter?: number;
  readonly ignoreRange?: boolean;
  readonly body?: Buffer;
  /** Nothing is sent after the first half. */
  readonly hang?: boolean;
}

export interface HubRequest {
  readonly server: 'hub' | 'store';
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** A repository as the hub lists it; files of at least `lfsFrom` bytes are sent from another host. */
export interface Repository {
  readonly id: string;
  readonly commit: string;
  readonly files: Readonly<Record<string, Buffer>>;
}

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const LFS_FROM_BYTES = 5_000;

/** The files of a folder as a repository. */
export function repositoryOf(folder: string, id: string, more: Readonly<Record<string, Buffer>> = {}): Repository {
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  const files = Object.fromEntries(names.map(({ name }) => [name, readFileSync(join(folder, name))]));
  return { id, commit: COMMIT, files: { ...files, ...more } };
}

export const hashOf = (bytes: Buffer): string =>
  bytes.length >= LFS_FROM_BYTES
    ? createHash('sha256').update(bytes).digest('hex')
    : createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

/**
 * The part of the hub's protocol that a fetch needs, on 127.0.0.1: the commit of a revision, the list of files, and
 * their bytes with Range requests; large files by a redirect to a second server. `faults` are used up one per answer
 * for a file of that name; `statuses` answer a whole path.
 */
export class HubServer {
  readonly requests: HubRequest[] = [];
  readonly faults: { name: string; fault: Fault }[] = [];
  /** Changes what the list says about a file. */
  listed: (entry: { path: string; size: number; oid: string; lfs?: object }) => object = (entry) => entry;
  status: number | null = null;
  private readonly hub: Server;
  private readonly store: Server;

  private constructor(private readonly repository: Repository) {
    this.hub = createServer((request, response) => this.answer('hub', request, response));
    this.store = createServer((request, response) => this.answer('store', request, response));
  }

  static async start(repository: Repository): Promise<HubServer> {
    const server = new HubServer(repository);
    for (const each of [server.hub, server.store])
      await new Promise<void>((resolve) => each.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.hub.address() as AddressInfo).port}`;
  }

  /** Requests for the bytes of one file, redirects left out. */
  rangesOf(name: string): (string | undefined)[] {
    const isLarge = this.repository.files[name].length >= LFS_FROM_BYTES;
    return this.requests
      .filter(({ server, path }) => server === (isLarge ? 'store' : 'hub') && path.endsWith(`/${name}`))
      .map(({ range }) => range);
  }

  async stop(): Promise<void> {
    for (const each of [this.hub, this.store]) {
      each.closeAllConnections();
      await new Promise((resolve) => each.close(resolve));
    }
  }

  private answer(server: 'hub' | 'store', request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent((request.url ?? '').split('?')[0]);
    const { range, authorization } = request.headers;
    this.requests.push({ server, path, range, authorization });
    const { id, commit, files } = this.repository;
    if (server === 'hub' && this.status !== null) return void response.writeHead(this.status).end('no');
    if (path === `/api/models/${id}/revision/main` || path === `/api/models/${id}/revision/${commit}`)
      return void json(response, {
        _id: '1',
        id,
        sha: commit,
        private: false,
        gated: false,
        lastModified: '2025-01-01',
      });
    if (path === `/api/models/${id}/tree/${commit}`) {
      const entries = Object.entries(files).map(([name, bytes]) => {
        const lfs =
          bytes.length >= LFS_FROM_BYTES ? { oid: hashOf(bytes), size: bytes.length, pointerSize: 130 } : null;
        const oid = lfs ? 'f'.repeat(40) : hashOf(bytes);
        return { type: 'file', ...this.listed({ path: name, size: bytes.length, oid, ...(lfs && { lfs }) }) };
      });
      return void json(response, [{ type: 'directory', path: 'onnx', size: 0, oid: 'e'.repeat(40) }, ...entries]);
    }
    const name = path.split('/').at(-1) ?? '';
    const bytes = files[name];
    const prefix = server === 'hub' ? `/${id}/resolve/${commit}/` : '/store/';
    if (!bytes || path !== `${prefix}${name}`) return void response.writeHead(404).end('no such file');
    if (server === 'hub' && bytes.length >= LFS_FROM_BYTES) {
      const { port } = this.store.address() as AddressInfo;
      return void response.writeHead(302, { location: `http://127.0.0.1:${port}/store/${name}` }).end();
    }
    this.send(name, bytes, range, response);
  }

  private send(name: string, whole: Buffer, range: string | undefined, response: ServerResponse): void {
    const at = this.faults.findIndex((item) => item.name === name);
    const fault: Fault = at < 0 ? {} : this.faults.splice(at, 1)[0].fault;
    if (fault.status) return void response.writeHead(fault.status).end('no');
    const bytes = fault.body ?? whole;
    const start = range && !fault.ignoreRange ? Number(/^bytes=(\d+)-/.exec(range)?.[1]) : 0;
    const body = bytes.subarray(start);
    const end = fault.endAfter ?? body.length;
    const headers = { 'content-length': end, ...(start > 0 && { 'content-range': `bytes ${start}-/${bytes.length}` }) };
    response.writeHead(start > 0 ? 206 : 200, headers);
    if (fault.hang) return void response.write(body.subarray(0, body.length >> 1));
    if (fault.cutAfter === undefined) return void response.end(body.subarray(0, end));
    response.write(body.subarray(0, fault.cutAfter), () => setTimeout(() => response.destroy(), 20));
  }
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
