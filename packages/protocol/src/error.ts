// The one error shape that every door answers with: a literal code, where it is, what was got, what would pass, how to mend it.
import { plainText } from './plain-text.ts';

/** Every code a Dewar part may answer with; a code, once released, keeps its meaning. */
export const errorCodes = [
  // door
  'body_too_large', 'body_truncated', 'content_type', 'json_syntax', 'json_depth', 'json_duplicate_key', 'json_number',
  'json_unicode', 'http_syntax', 'request_invalid', 'request_timeout', 'not_found', 'method_not_allowed', 'too_many_pending', 'too_many_requests', 'rate_limited',
  'token_refused', 'origin_refused', 'host_refused',
  // job spec and its parts
  'spec_invalid', 'spec_unknown_field', 'program_format', 'program_invalid', 'program_too_large', 'backend_unknown',
  'data_refused', 'artifact_unknown', 'artifact_digest_mismatch', 'money_invalid', 'parameters_invalid',
  // corridor
  'denied', 'approval_stale', 'approval_expired', 'grant_invalid', 'not_waiting', 'already_ended', 'not_ended',
  'no_results', 'cannot_price', 'budget_invalid', 'frozen', 'envelope_needless',
  // run
  'run_failed', 'run_time_limit', 'run_memory_limit', 'run_output_limit', 'run_too_large', 'device_refused', 'device_lost',
  // trust
  'peer_refused', 'peer_unreadable', 'receipt_invalid', 'receipt_signature', 'receipt_subject', 'key_unpinned', 'journal_invalid',
  // state
  'storage_full', 'storage_locked', 'storage_corrupt', 'storage_failed', 'clock_backwards', 'already_running', 'not_running',
  'home_invalid', 'config_invalid', 'policy_invalid', 'policy_cases_failed', 'policy_tool_failed', 'policy_changed', 'session_exists', 'platform_unsupported', 'internal',
  // command line
  'usage_invalid',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** The HTTP status that a door answers each code with (RFC 9110 §15; 429 RFC 6585, 507 RFC 4918). Clients match on the code. */
const statuses: Readonly<Record<ErrorCode, number>> = {
  body_too_large: 413, body_truncated: 400, content_type: 415, json_syntax: 400, json_depth: 400, json_duplicate_key: 400, json_number: 400,
  json_unicode: 400, http_syntax: 400, request_invalid: 400, request_timeout: 408, not_found: 404, method_not_allowed: 405, too_many_pending: 429, too_many_requests: 429, rate_limited: 429,
  token_refused: 401, origin_refused: 403, host_refused: 421,
  spec_invalid: 400, spec_unknown_field: 400, program_format: 400, program_invalid: 400, program_too_large: 413, backend_unknown: 404,
  data_refused: 403, artifact_unknown: 404, artifact_digest_mismatch: 409, money_invalid: 400, parameters_invalid: 400,
  denied: 403, approval_stale: 409, approval_expired: 409, grant_invalid: 403, not_waiting: 409, already_ended: 409, not_ended: 409,
  no_results: 404, cannot_price: 403, budget_invalid: 400, frozen: 503, envelope_needless: 409,
  run_failed: 500, run_time_limit: 500, run_memory_limit: 500, run_output_limit: 500, run_too_large: 400, device_refused: 500, device_lost: 500,
  peer_refused: 403, peer_unreadable: 403, receipt_invalid: 400, receipt_signature: 400, receipt_subject: 400, key_unpinned: 400, journal_invalid: 500,
  storage_full: 507, storage_locked: 503, storage_corrupt: 500, storage_failed: 500, clock_backwards: 500, already_running: 409, not_running: 503,
  home_invalid: 500, config_invalid: 500, policy_invalid: 500, policy_cases_failed: 400, policy_tool_failed: 500, policy_changed: 503, session_exists: 409, platform_unsupported: 500, internal: 500,
  usage_invalid: 400,
};

export function httpStatus(code: ErrorCode): number {
  return statuses[code];
}

/** The wire form of an error. `path` is a JSON Pointer (RFC 6901) into what was sent. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
  readonly path?: string;
  readonly got?: string;
  readonly allowed?: string;
  readonly fix?: string;
}

/** An error whose `code` is the contract; tests and callers match on `code`, never on the message. */
export class DewarError extends Error {
  override readonly name = 'DewarError';
  readonly code: ErrorCode;
  readonly path: string | undefined;
  readonly got: string | undefined;
  readonly allowed: string | undefined;
  readonly fix: string | undefined;

  constructor(body: ErrorBody, options?: { cause?: unknown }) {
    super(body.message, options);
    this.code = body.code;
    this.path = body.path;
    this.got = body.got;
    this.allowed = body.allowed;
    this.fix = body.fix;
  }

  toBody(): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      ...(this.path !== undefined && { path: this.path }),
      ...(this.got !== undefined && { got: this.got }),
      ...(this.allowed !== undefined && { allowed: this.allowed }),
      ...(this.fix !== undefined && { fix: this.fix }),
    };
  }
}

/** Characters of what is shown. */
const longest = 80;

/** What was sent, short enough to show: at most 80 characters, with control, bidirectional, invisible and other non-printing characters escaped. */
export function shown(value: unknown): string {
  return plainText(typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : value === undefined ? 'nothing' : typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? typeof value), { max: longest });
}

/** A JSON Pointer (RFC 6901), shown: where a key holds non-printing characters or the pointer passes 80 characters it is no longer exact. */
export function pointer(path: readonly string[]): string {
  return plainText(path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''), { max: longest });
}
