// The control socket: what only the person may do.
import {
  anyObject, envelopeAnswer, frozenAnswer, jobAnswer, journalAnswer, journalReport, keysAnswer, pendingAnswer, pendingEnvelopeAnswer, pendingsAnswer, revokedAnswer, sessionAnswer, sessionsAnswer, statusAnswer, tcpAnswer, tokenAnswer,
  type ApproveEnvelopeRequest, type ApproveRequest, type EnvelopeView, type JobView, type JournalReport, type KeysView, type PendingEnvelopeView, type PendingView, type SessionView, type StatusView, type TcpView, type TokenAnswer,
} from '@dewar/protocol';
import { envelopePath, JobClient, jobPath, type CallOptions } from './job-client.ts';

/** Milliseconds for checks that read the whole journal. */
const longMs = 600_000;

export class ControlClient extends JobClient {
  async status(options: CallOptions & { readonly timeoutMs?: number } = {}): Promise<StatusView> {
    return this.get(statusAnswer, '/v1/status', options);
  }

  async sessions(options: CallOptions = {}): Promise<readonly SessionView[]> {
    return (await this.get(sessionsAnswer, '/v1/sessions', options)).sessions;
  }

  /** @param read directories whose files a spec's `data` may name */
  async createSession(name: string, read: readonly string[] = [], options: CallOptions = {}): Promise<SessionView> {
    return (await this.post(sessionAnswer, '/v1/sessions', { name, ...(read.length > 0 && { read }) }, options)).session;
  }

  /** Jobs and envelopes that wait for a person, oldest first. */
  async pendings(options: CallOptions = {}): Promise<{ readonly pending: readonly PendingView[]; readonly envelopes: readonly PendingEnvelopeView[] }> {
    return this.get(pendingsAnswer, '/v1/pending', options);
  }

  async pendingEnvelope(id: string, options: CallOptions = {}): Promise<PendingEnvelopeView> {
    return (await this.get(pendingEnvelopeAnswer, `/v1/pending/${encodeURIComponent(id)}`, options)).envelope_pending;
  }

  async approveEnvelope(id: string, approve: ApproveEnvelopeRequest, options: CallOptions = {}): Promise<EnvelopeView> {
    return (await this.post(envelopeAnswer, `${envelopePath(id)}/approve`, approve, options)).envelope;
  }

  async denyEnvelope(id: string, reason: string, options: CallOptions = {}): Promise<EnvelopeView> {
    return (await this.post(envelopeAnswer, `${envelopePath(id)}/deny`, { reason }, options)).envelope;
  }

  async pending(id: string, options: CallOptions = {}): Promise<PendingView> {
    return (await this.get(pendingAnswer, `/v1/pending/${encodeURIComponent(id)}`, options)).pending;
  }

  async approve(id: string, approve: ApproveRequest, options: CallOptions = {}): Promise<JobView> {
    return (await this.post(jobAnswer, `${jobPath(id)}/approve`, approve, options)).job;
  }

  async deny(id: string, reason: string, options: CallOptions = {}): Promise<JobView> {
    return (await this.post(jobAnswer, `${jobPath(id)}/deny`, { reason }, options)).job;
  }

  async freeze(reason: string | undefined, options: CallOptions = {}): Promise<boolean> {
    return (await this.post(frozenAnswer, '/v1/freeze', reason === undefined ? {} : { reason }, options)).frozen;
  }

  /** With `budget`, lets the budget go that an overrun froze; else the brake. */
  async thaw({ budget, ...options }: CallOptions & { readonly budget?: boolean } = {}): Promise<boolean> {
    return (await this.post(frozenAnswer, '/v1/thaw', budget === true ? { budget } : {}, options)).frozen;
  }

  async journal(options: CallOptions = {}): Promise<{ size: number; root: string; checkpoint: string }> {
    return this.get(journalAnswer, '/v1/journal', options);
  }

  async verifyJournal(options: CallOptions = {}): Promise<JournalReport> {
    return this.get(journalReport, '/v1/journal/verify', { ...options, timeoutMs: longMs });
  }

  async keys(options: CallOptions = {}): Promise<KeysView> {
    return this.get(keysAnswer, '/v1/keys', options);
  }

  /** Null while the TCP door is closed. */
  async tcp(options: CallOptions = {}): Promise<TcpView | null> {
    return (await this.get(tcpAnswer, '/v1/tcp', options)).tcp;
  }

  /** @param port 0 is any that is free */
  async openTcp(port: number, options: CallOptions = {}): Promise<TcpView | null> {
    return (await this.post(tcpAnswer, '/v1/tcp', { port }, options)).tcp;
  }

  async closeTcp(options: CallOptions = {}): Promise<void> {
    await this.post(tcpAnswer, '/v1/tcp/close', {}, options);
  }

  /** The token is answered this once. */
  async issueToken(session: string, options: CallOptions = {}): Promise<TokenAnswer> {
    return this.post(tokenAnswer, `/v1/sessions/${encodeURIComponent(session)}/tokens`, {}, options);
  }

  /** How many were taken back: all that the session had. */
  async revokeTokens(session: string, options: CallOptions = {}): Promise<number> {
    return (await this.post(revokedAnswer, `/v1/sessions/${encodeURIComponent(session)}/tokens/revoke`, {}, options)).revoked;
  }

  async shutdown(options: CallOptions = {}): Promise<void> {
    await this.post(anyObject, '/v1/shutdown', {}, options);
  }
}
