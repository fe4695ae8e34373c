// The policy in force: the person's files where there are any, else what Dewar ships; a save is checked and takes effect, or is refused and the one before stays.
import { watch, type FSWatcher } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleBytes, loadPolicy, loadPolicyFolder, opaVersion, parseBundle, readPolicyFolder, readStoredPolicy, type PolicyBundle, type PolicyFiles } from '@dewar/policy';
import type { Policy } from '@dewar/policy/decide';
import { canonicalJson, DewarError, digestOf, digestSchema, jsonDigest, parseJson, policyInputSchema, shown, type Digest, type ErrorBody, type Json, type PolicyView, type Sha256 } from '@dewar/protocol';
import { z } from 'zod';
import type { Artifacts, Clock, Store } from '../core/ports.ts';

/** Milliseconds after a save in which another may belong to it. */
const settleMs = 250;

/** What the journal tells of the policy in force; its parts are kept by these digests. */
const recordSchema = z.strictObject({ bundle: digestSchema, wasm: digestSchema, files: digestSchema.nullable(), by: z.string().nullable(), since: z.iso.datetime() });
type InForce = z.infer<typeof recordSchema>;

export interface PolicyParts {
  readonly store: Store;
  /** Apart from the artifacts of agents, who are told a policy's digest and not its text. */
  readonly artifacts: Artifacts;
  readonly clock: Clock;
  readonly sha256: Sha256;
  /** The person's own: `$CONFIG/policy`. */
  readonly folder: string;
  /** The shipped bundle, with its WebAssembly beside it. */
  readonly shipped: string;
  readonly owner: string;
  readonly report: (error: unknown) => void;
}

interface Loaded {
  readonly policy: Policy;
  readonly bundle: PolicyBundle;
  readonly record: InForce;
}

export class PolicyInForce {
  readonly #parts: PolicyParts;
  #loaded: Loaded;
  #problem: ErrorBody | null = null;
  #blind: ErrorBody | null = null;
  /** Of the files that were refused last, null where they could not be read: each is journaled once. */
  #refused: Digest | null | undefined = undefined;
  #turn: Promise<unknown> = Promise.resolve();
  readonly #watchers: FSWatcher[] = [];
  #settle: (() => void) | null = null;
  /** Of the folder as it is now: a folder that was put in its place has another inode. */
  #inside: FSWatcher | null = null;

  private constructor(parts: PolicyParts, loaded: Loaded) {
    this.#parts = parts;
    this.#loaded = loaded;
  }

  /** Files that are not loaded leave the policy of the last start in force; where there was none, the error is thrown: nothing is decided by another policy than the person's. */
  static async open(parts: PolicyParts): Promise<PolicyInForce> {
    const record = await recordOf(parts.store);
    // With a policy of before to stand on, files that cannot be read are a problem to tell, not the end.
    let files: PolicyFiles | null | 'unreadable';
    let why: unknown = null;
    try {
      files = await filesIn(parts.folder);
    } catch (error) {
      if (record === null) throw error;
      why = error;
      files = 'unreadable';
    }
    if (files === null && (record === null || record.files === null)) return new PolicyInForce(parts, await shippedOf(parts, record));
    if (files !== null && files !== 'unreadable' && record?.files === filesDigest(files, parts.sha256)) {
      const same = await fromArtifacts(parts, record).catch(() => null);
      if (same !== null) return new PolicyInForce(parts, same);
    }
    const before = record === null ? null : await fromArtifacts(parts, record).catch((error: unknown) => {
      parts.report(error);
      return null;
    });
    if (before === null) {
      if (files === 'unreadable') throw why;
      if (files === null) throw gone(parts.folder, 'the policy that was made from it cannot be read any more');
      return new PolicyInForce(parts, await compiled(parts, files));
    }
    const opened = new PolicyInForce(parts, before);
    await opened.reload().catch(parts.report);
    return opened;
  }

  get policy(): Policy {
    return this.#loaded.policy;
  }

  get view(): PolicyView {
    const { bundle, record: { bundle: digest, since, by } } = this.#loaded;
    return { digest, since, by, folder: this.#parts.folder, modules: bundle.modules, data: bundle.data, problem: this.#problem, blind: this.#blind };
  }

  /** Reads the files again. Throws why they are not in force; the policy before then stays. */
  async reload(): Promise<PolicyView> {
    const turn = this.#turn.then(() => this.#read(), () => this.#read());
    this.#turn = turn;
    await turn;
    return this.view;
  }

  /** A policy that was in force once, by its digest; null where it was not kept. */
  async past(digest: Digest): Promise<{ readonly policy: Policy; readonly bundle: PolicyBundle } | null> {
    if (digest === this.#loaded.record.bundle) return this.#loaded;
    try {
      const bundle = parseBundle(await this.#parts.artifacts.get(digest));
      return { bundle, policy: loadPolicy(bundle, await this.#parts.artifacts.get(bundle.wasm)) };
    } catch (error) {
      if (error instanceof DewarError && (error.code === 'artifact_unknown' || error.code === 'policy_invalid')) return null;
      throw error;
    }
  }

  /** From now on a save is noticed. */
  watch(): void {
    const { folder, clock, report } = this.#parts;
    const blind = (error: unknown): void => {
      report(error);
      this.#blind = { code: 'policy_invalid', message: 'saves of the policy are not noticed: the folder cannot be watched', got: error instanceof Error ? shown(error.message) : '', fix: 'raise fs.inotify.max_user_instances (sysctl), or after a save: dewar down && dewar up' };
    };
    const changed = (): void => {
      this.#settle?.();
      this.#settle = clock.after(settleMs, () => {
        this.#settle = null;
        this.#watch(folder, changed, blind);
        this.reload().catch(report);
      });
    };
    this.#watch(folder, changed, blind);
    try {
      // The folder itself comes and goes with its name.
      this.#watchers.push(watch(join(folder, '..'), { persistent: false }, (_, name) => {
        if (name === 'policy') changed();
      }).on('error', blind));
    } catch (error) {
      blind(error);
    }
    // A save since the start began is noticed by nobody else.
    this.reload().catch(report);
  }

  close(): void {
    this.#settle?.();
    for (const watcher of this.#watchers) watcher.close();
    this.#inside?.close();
  }

  #watch(folder: string, changed: () => void, blind: (error: unknown) => void): void {
    this.#inside?.close();
    this.#inside = null;
    try {
      this.#inside = watch(folder, { persistent: false }, changed).on('error', () => undefined);
      this.#blind = null;
    } catch (error) {
      // Where there is none, its parent tells when there is.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') blind(error);
    }
  }

  async #read(): Promise<void> {
    const { folder, store, sha256, report } = this.#parts;
    const { record } = this.#loaded;
    let digest: Digest | null = null;
    try {
      const files = await filesIn(folder);
      digest = files === null ? null : filesDigest(files, sha256);
      if (digest === record.files) {
        this.#problem = null;
        this.#refused = undefined;
        return;
      }
      if (files === null) throw gone(folder, 'the policy that was made from it stays in force');
      this.#loaded = await compiled(this.#parts, files);
      this.#problem = null;
      this.#refused = undefined;
      report(`policy ${this.#loaded.record.bundle} is in force`);
    } catch (error) {
      if (!(error instanceof DewarError)) {
        this.#problem = { code: 'internal', message: 'the policy could not be read: a fault of the broker', fix: 'see broker.log' };
        throw error;
      }
      this.#problem = error.toBody();
      if (this.#refused !== digest) await store.commit((tx) => tx.append({ type: 'policy.refused', body: { summary: `the policy's files are not in force: ${error.code}`, error: error.toBody() as unknown as Json, files: digest, stays: record.bundle } }));
      this.#refused = digest;
      throw error;
    }
  }
}

async function recordOf(store: Store): Promise<InForce | null> {
  const text = await store.view.setting('policy');
  return text === null ? null : recordSchema.parse(parseJson(new TextEncoder().encode(text)));
}

/** Null where there is no folder. */
async function filesIn(folder: string): Promise<PolicyFiles | null> {
  try {
    await lstat(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw unreadable(folder, error);
  }
  return readPolicyFolder(folder).catch((error: unknown) => {
    throw error instanceof DewarError ? error : unreadable(folder, error);
  });
}

function unreadable(folder: string, cause: unknown): DewarError {
  return new DewarError({ code: 'policy_invalid', message: "the policy's folder cannot be read", got: cause instanceof Error ? shown(cause.message) : folder, fix: `make ${folder} a folder of plain files that you can read` }, { cause });
}

/** What a verdict on the files depends on: with another OPA or another input they are tried again. */
function filesDigest(files: PolicyFiles, sha256: Sha256): Digest {
  const names = Object.fromEntries([...files].map(([name, bytes]) => [name, digestOf(bytes, sha256)]));
  return jsonDigest({ files: names, opa: opaVersion, input: jsonDigest(z.toJSONSchema(policyInputSchema) as Json, sha256) }, sha256);
}

async function shippedOf(parts: PolicyParts, record: InForce | null): Promise<Loaded> {
  const { policy, bundle, wasm } = await readStoredPolicy(parts.shipped);
  if (record?.bundle === policy.digest) return { policy, bundle, record };
  return adopt(parts, { policy, bundle, wasm, files: null });
}

async function fromArtifacts({ artifacts }: PolicyParts, record: InForce): Promise<Loaded> {
  const bundle = parseBundle(await artifacts.get(record.bundle));
  return { bundle, record, policy: loadPolicy(bundle, await artifacts.get(record.wasm)) };
}

async function compiled(parts: PolicyParts, files: PolicyFiles): Promise<Loaded> {
  const { bundle, wasm } = await loadPolicyFolder(files);
  return adopt(parts, { policy: loadPolicy(bundle, wasm), bundle, wasm, files: filesDigest(files, parts.sha256) });
}

/** Its parts are kept before the journal names them. */
async function adopt({ artifacts, store, clock, owner }: PolicyParts, { policy, bundle, wasm, files }: { readonly policy: Policy; readonly bundle: PolicyBundle; readonly wasm: Uint8Array; readonly files: Digest | null }): Promise<Loaded> {
  await artifacts.put(bundleBytes(bundle));
  await artifacts.put(wasm);
  const record: InForce = { bundle: policy.digest, wasm: bundle.wasm, files, by: files === null ? null : owner, since: new Date(clock.now()).toISOString() };
  await store.commit(async (tx) => {
    await tx.setSetting('policy', canonicalJson(record));
    await tx.append({ type: 'policy.loaded', body: { summary: `policy ${policy.digest} is in force, ${files === null ? 'as shipped' : `from the files of ${owner}`}`, ...record } });
  });
  return { policy, bundle, record };
}

/** Without its files a stricter policy would give way to the shipped one: it stays instead. */
function gone(folder: string, then: string): DewarError {
  return new DewarError({ code: 'policy_invalid', message: `the policy's folder is gone: ${then}`, got: folder, fix: 'put the files back, or go back to what Dewar ships: dewar policy use default' });
}
