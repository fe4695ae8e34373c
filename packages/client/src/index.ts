// A thin client of the session and control sockets.
export { ControlClient } from './control-client.ts';
export { hasEnded, JobClient, type CallOptions, type WaitOptions } from './job-client.ts';
export { SessionClient } from './session-client.ts';
export { answerLimit, errorIn } from './transport.ts';
