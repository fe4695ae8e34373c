// How much memory a process and its descendants hold, from Linux's /proc.
import { readdirSync, readFileSync } from 'node:fs';

/** Resident bytes of a process and all its descendants (proc(5): status, task/TID/children); `null` where the process is gone or there is no /proc. */
export function residentBytes(pid: number): number | null {
  const own = resident(pid);
  if (own === null) return null;
  let total = own;
  for (const child of children(pid)) total += residentBytes(child) ?? 0;
  return total;
}

/** VmRSS and not statm: kilobytes need no page size. */
function resident(pid: number): number | null {
  const matched = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? '');
  return matched === null ? null : Number(matched[1]) * 1024;
}

function children(pid: number): number[] {
  let threads: string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
  return threads.flatMap((thread) => (read(`/proc/${pid}/task/${thread}/children`) ?? '').split(' ').filter((text) => text !== '').map(Number));
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
