// The one error shape that every door answers with: a literal code, where it is, what was got, what would pass, how to mend it.

/** Every code a Dewar part may answer with; a code, once released, keeps its meaning. */
export const errorCodes = [
  // door
  'body_too_large', 'body_truncated', 'content_type', 'json_syntax', 'json_depth', 'json_duplicate_key', 'json_number',
  'json_unicode', 'request_timeout', 'not_found', 'method_not_allowed', 'too_many_pending', 'too_many_requests',
  // job spec and its parts
  'spec_invalid', 'spec_unknown_field', 'spec_version', 'program_format', 'program_invalid', 'program_too_large', 'backend_unknown',
  'data_refused', 'artifact_unknown', 'artifact_digest_mismatch', 'artifact_too_large', 'money_invalid',
  // corridor
  'denied', 'approval_stale', 'approval_expired', 'grant_refused', 'grant_invalid', 'not_waiting', 'already_ended', 'not_ended',
  'no_results', 'budget_exceeded', 'cannot_price', 'frozen',
  // run
  'run_failed', 'run_time_limit', 'run_memory_limit', 'run_output_limit', 'run_too_large', 'run_cancelled', 'device_refused', 'device_lost',
  // trust
  'peer_refused', 'peer_unreadable', 'receipt_invalid', 'receipt_signature', 'receipt_subject', 'key_unpinned', 'journal_invalid',
  // state
  'storage_full', 'storage_locked', 'storage_corrupt', 'storage_failed', 'clock_backwards', 'already_running', 'not_running',
  'home_invalid', 'config_invalid', 'policy_invalid', 'session_unknown', 'session_exists', 'platform_unsupported', 'internal',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

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

/** What was sent, short enough to show: at most 80 characters, with control, bidirectional, invisible and other non-printing characters escaped. */
export function shown(value: unknown): string {
  return short(typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : value === undefined ? 'nothing' : typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? typeof value));
}

/** A JSON Pointer (RFC 6901), shown: where a key holds non-printing characters or the pointer passes 80 characters it is no longer exact. */
export function pointer(path: readonly string[]): string {
  return short(path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''));
}

/** C is control, format, surrogate, private use and unassigned; DI is default-ignorable, such as variation selectors and fillers. */
function short(text: string): string {
  const start = text.slice(0, 160).replace(/[\p{C}\p{Zl}\p{Zp}\p{DI}]/gu, (sign) => sign.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`));
  return start.length > 80 || text.length > 160 ? `${start.slice(0, 77).toWellFormed()}...` : start;
}
