// Where a person may decide in a browser: only an address of this machine that the broker itself gave, else none.
import type { JobView } from '@dewar/protocol';

const loopback: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Today's broker has no such page and gives none. A session's socket may be anyone's, so that a client is never sent to another machine. */
export function approvalPage({ approval_url }: Pick<JobView, 'approval_url'>): string | undefined {
  if (approval_url === undefined || !URL.canParse(approval_url)) return undefined;
  const url = new URL(approval_url);
  const own = (url.protocol === 'http:' || url.protocol === 'https:') && loopback.has(url.hostname) && url.username === '' && url.password === '';
  return own ? url.href : undefined;
}
