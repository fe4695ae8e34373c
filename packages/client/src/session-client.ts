// The session socket: what an agent, or a person at the same door, may do.
import { artifactAnswer, backendsAnswer, budgetAnswer, helloAnswer, submitAnswer, type ArtifactAnswer, type BackendView, type BudgetView, type SubmitAnswer } from '@dewar/protocol';
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
    return this.postBytes(submitAnswer, '/v1/jobs', spec, options);
  }

  async backends(options: CallOptions = {}): Promise<readonly BackendView[]> {
    return (await this.get(backendsAnswer, '/v1/backends', options)).backends;
  }

  async budget(options: CallOptions = {}): Promise<BudgetView> {
    return (await this.get(budgetAnswer, '/v1/budget', options)).budget;
  }
}
