import type Anthropic from '@anthropic-ai/sdk';

/** The API's error types by status, as its reference lists them. */
const TYPES: Readonly<Record<number, Anthropic.ErrorObject['type']>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'invalid_request_error',
  429: 'rate_limit_error',
  500: 'api_error',
  502: 'api_error',
  503: 'api_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

/** An answer that is an error, thrown where it is found. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The body of an error of that status. */
export function errorBody(status: number, message: string, requestId: string): Anthropic.ErrorResponse {
  const type = TYPES[status] ?? 'api_error';
  return { type: 'error', error: { type, message }, request_id: requestId };
}
