// The control socket: what only the person may do.
import {
  allBudgetsAnswer, anyObject, budgetAnswer, budgetChangesAnswer, envelopeAnswer, explainAnswer, frozenAnswer, jobAnswer, journalAnswer, journalReport, keysAnswer, pastDecisionsAnswer, pendingAnswer, pendingEnvelopeAnswer, pendingsAnswer, policyAnswer, queueAnswer, revokedAnswer, sessionAnswer, sessionsAnswer, statusAnswer, tcpAnswer, thawedAnswer, tokenAnswer,
  type AllBudgetsAnswer, type ApproveEnvelopeRequest, type ApproveRequest, type BudgetChange, type BudgetKey, type BudgetView, type EnvelopeView, type ExplainAnswer, type JobView, type JournalReport, type KeysView, type PastDecisionsAnswer, type PendingEnvelopeView, type PendingView, type PolicyView, type QueueView, type SessionView, type StatusView, type TcpView, type TokenAnswer,
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
  async createSession({ name, read, user, project }: { readonly name: string; readonly read?: readonly string[]; readonly user?: string; readonly project?: string }, options: CallOptions = {}): Promise<SessionView> {
    return (await this.post(sessionAnswer, '/v1/sessions', { name, ...(read !== undefined && read.length > 0 && { read }), ...(user !== undefined && { user }), ...(project !== undefined && { project }) }, options)).session;
  }

  /** Null: the owner's, or no project's; what is absent stays. */
  async changeSession(name: string, change: { readonly user?: string | null; readonly project?: string | null }, options: CallOptions = {}): Promise<SessionView> {
    return (await this.post(sessionAnswer, `/v1/sessions/${encodeURIComponent(name)}/change`, change, options)).session;
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

  /** The line of each device. */
  async queue(options: CallOptions = {}): Promise<readonly QueueView[]> {
    return (await this.get(queueAnswer, '/v1/queue', options)).queue;
  }

  async freeze(reason: string | undefined, options: CallOptions = {}): Promise<boolean> {
    return (await this.post(frozenAnswer, '/v1/freeze', reason === undefined ? {} : { reason }, options)).frozen;
  }

  async thaw(options: CallOptions = {}): Promise<boolean> {
    return (await this.post(frozenAnswer, '/v1/thaw', {}, options)).frozen;
  }

  async policy(options: CallOptions = {}): Promise<PolicyView> {
    return (await this.get(policyAnswer, '/v1/policy', options)).policy;
  }

  /** Reads the files again and answers when they are in force; throws why they are not. */
  async reloadPolicy(options: CallOptions = {}): Promise<PolicyView> {
    return (await this.post(policyAnswer, '/v1/policy/reload', {}, { timeoutMs: longMs, ...options })).policy;
  }

  /** A page of decisions on submits, newest first. @param before those older than this job's */
  async pastDecisions(limit: number, before: string | null, options: CallOptions = {}): Promise<PastDecisionsAnswer> {
    return this.get(pastDecisionsAnswer, `/v1/policy/decisions?limit=${limit}${before === null ? '' : `&before=${encodeURIComponent(before)}`}`, options);
  }

  async explain(id: string, options: CallOptions = {}): Promise<ExplainAnswer> {
    return this.get(explainAnswer, `${jobPath(id)}/explain`, options);
  }

  async budgets(options: CallOptions = {}): Promise<AllBudgetsAnswer> {
    return this.get(allBudgetsAnswer, '/v1/budgets', options);
  }

  /** Sets a budget, or changes its limit. */
  async setBudget(budget: BudgetKey, limit_micros: number, { warn_at, ...options }: CallOptions & { readonly warn_at?: readonly number[] } = {}): Promise<BudgetView> {
    return (await this.post(budgetAnswer, '/v1/budgets', { budget, limit_micros, ...(warn_at !== undefined && { warn_at }) }, options)).budget;
  }

  async removeBudget(budget: string, options: CallOptions = {}): Promise<void> {
    await this.post(anyObject, '/v1/budgets/remove', { budget }, options);
  }

  /** Lets go what an overrun froze: these, or all. Answers which were. */
  async thawBudgets(budgets: readonly string[], options: CallOptions = {}): Promise<readonly string[]> {
    return (await this.post(thawedAnswer, '/v1/budgets/thaw', budgets.length > 0 ? { budgets } : {}, options)).thawed;
  }

  /** Newest first. */
  async budgetHistory(options: CallOptions = {}): Promise<readonly BudgetChange[]> {
    return (await this.get(budgetChangesAnswer, '/v1/budgets/history', options)).changes;
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
