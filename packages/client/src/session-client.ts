// The session socket: what an agent, or a person at the same door, may do.
import { artifactAnswer, backendsAnswer, budgetsAnswer, envelopeAnswer, helloAnswer, submitAnswer, type ArtifactAnswer, type BackendView, type BudgetView, type EnvelopeRequest, type EnvelopeView, type SubmitAnswer } from '@dewar/protocol';
import { JobClient, type CallOptions } from './job-client.ts';
import { exchange, parseAnswer } from './transport.ts';

export class SessionClient extends JobClient {
  async hello(options: CallOptions = {}): Promise<{ version: string; session: string; docs: string }> {
    return this.get(helloAnswer, '/v1', options);
  }

  async putArtifact(bytes: Uint8Array, options: CallOptions = {}): Promise<ArtifactAnswer> {
    const path = '/v1/artifacts';
    const answer = await exchange(this.socketPath, { method: 'PUT', path, body: bytes, contentType: 'application/octet-stream', ...options });
    return parseAnswer(artifactAnswer, answer, `PUT ${path}`);
  }

  /** Sends the job spec's bytes as they are: the door checks them, and a number keeps its own digits. */
  async submit(spec: Uint8Array, options: CallOptions = {}): Promise<SubmitAnswer> {
    return this.postPatiently(submitAnswer, '/v1/jobs', spec, options);
  }

  /** Asks a person for a bounded family of jobs. */
  async requestEnvelope(request: EnvelopeRequest, options: CallOptions = {}): Promise<EnvelopeView> {
    return (await this.postPatiently(envelopeAnswer, '/v1/envelopes', new TextEncoder().encode(JSON.stringify(request)), options)).envelope;
  }

  async backends(options: CallOptions = {}): Promise<readonly BackendView[]> {
    return (await this.get(backendsAnswer, '/v1/backends', options)).backends;
  }

  async budgets(options: CallOptions = {}): Promise<readonly BudgetView[]> {
    return (await this.get(budgetsAnswer, '/v1/budget', options)).budgets;
  }
}
