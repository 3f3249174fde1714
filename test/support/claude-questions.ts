import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RandomStream } from '../../src/core';
import type { ClaudeRequest } from '../../src/judge';
import { type ClaudeCallsOptions, openClaudeCalls } from '../../src/judge/calls';
import { KeySource } from '../../src/judge/calls/key';
import { TEST_API_KEY } from './claude-server';

/** A question to the local server; the number makes it another one. */
export function question(number: number, more: Partial<ClaudeRequest> = {}): ClaudeRequest {
  return {
    id: `item-${number}`,
    model: 'claude-sonnet-5-5',
    system: 'Judge the text.',
    user: `Text number ${number}.`,
    maxTokens: 64,
    schema: null,
    thinking: null,
    effort: null,
    rubricHash: 'a rubric',
    sample: 0,
    ...more,
  };
}

export function questions(count: number, more: Partial<ClaudeRequest> = {}): ClaudeRequest[] {
  return Array.from({ length: count }, (_, number) => question(number, more));
}

export const TEST_KEY = new KeySource('the test', TEST_API_KEY);

/** Calls that ask the local server, with a seeded jitter. */
export function callsTo(url: string, store: string, more: Partial<ClaudeCallsOptions> = {}) {
  return openClaudeCalls({ store, baseUrl: url, key: TEST_KEY, random: new RandomStream('jitter'), ...more });
}

/** A clock that only a wait moves: who sleeps is woken at once, at the time until which it wanted to sleep. */
export class QuickClock {
  private ms = Date.parse('2026-11-02T08:00:00Z');
  readonly slept: number[] = [];
  readonly now = (): number => this.ms;
  readonly sleep = async (ms: number): Promise<void> => {
    this.slept.push(ms);
    const until = this.ms + ms;
    await new Promise((resolve) => setImmediate(resolve));
    this.ms = Math.max(this.ms, until);
  };
}

/** A new folder, and how to remove it. */
export function newFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'mstlab-calls-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
