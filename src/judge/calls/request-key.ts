import { contentHash } from '../../core';
import type { ClaudeRequest } from './types';

/** A request with the address of its reply. */
export interface KeyedRequest {
  readonly key: string;
  readonly request: ClaudeRequest;
}

/** SHA-256 of everything that decides a reply: all of the request but its id. Equal questions have equal keys, whoever asks. */
export function requestKey(request: ClaudeRequest): string {
  const { model, system, user, maxTokens, schema, thinking, effort, rubricHash, sample } = request;
  return contentHash({ model, system, user, maxTokens, schema, thinking, effort, rubricHash, sample });
}
