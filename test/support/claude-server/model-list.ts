import type Anthropic from '@anthropic-ai/sdk';

/** A model as GET /v1/models lists it. */
export function modelInfo(id: string): Anthropic.ModelInfo {
  return {
    id,
    type: 'model',
    display_name: id,
    created_at: '2026-01-01T00:00:00Z',
    deprecated_at: null,
    retires_at: null,
    lifecycle: 'active',
    line: null,
    max_input_tokens: 200_000,
    max_tokens: 64_000,
    capabilities: null,
  };
}
