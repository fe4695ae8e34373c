// The TCP door over time: opened and closed by a person, each journaled before it is so, and open again after a restart.
import { join } from 'node:path';
import { DewarError, type Home, type TcpView } from '@dewar/protocol';
import { loadIdentity } from './adapters/certificate.ts';
import type { Clock, Store, StoredSession } from './core/ports.ts';
import { sessionOfToken, type TokenParts } from './core/session-token.ts';
import type { App } from './server/door.ts';
import { openTcpDoor, type TcpDoor } from './server/tcp-door.ts';

export interface TcpDoorControlParts extends TokenParts {
  readonly home: Home;
  readonly uid: number;
  readonly clock: Clock;
  readonly store: Store;
  readonly appOf: (session: StoredSession) => App;
  readonly report: (error: unknown) => void;
}

interface Open {
  readonly door: TcpDoor;
  readonly view: TcpView;
}

export class TcpDoorControl {
  readonly #parts: TcpDoorControlParts;
  #open: Open | null = null;
  /** One change after another: two at once would leave a door that nobody knows of. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: TcpDoorControlParts) {
    this.#parts = parts;
  }

  get view(): TcpView | null {
    return this.#open?.view ?? null;
  }

  /** Another port than the one that is open closes that first. Throws `request_invalid` when the port cannot be had. */
  open(port: number): Promise<TcpView> {
    return this.#inTurn(async () => {
      if (this.#open && (port === 0 || port === this.#open.view.port)) return this.#open.view;
      if (this.#open) await this.#closeNow('another port is wanted');
      await this.#record(port, port === 0 ? 'any port' : `port ${port}`);
      try {
        const open = await this.#listen(port);
        this.#open = open;
        // Any port is chosen once: clients find the door where it was.
        if (port === 0) await this.#record(open.view.port, `port ${open.view.port}, which was free`);
        return open.view;
      } catch (error) {
        await this.#end();
        await this.#closeNow('it could not be opened');
        throw error;
      }
    });
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#open) await this.#closeNow('a person closed it');
    });
  }

  /** Where the port is taken meanwhile, the broker goes on without this door, and tries again at its next start. */
  async reopen(): Promise<void> {
    const { store, report } = this.#parts;
    const port = await store.view.setting('tcp_port');
    if (port === null) return;
    await store.commit((tx) => tx.append({ type: 'tcp.opened', body: { summary: `TCP door opened again on port ${port}`, port: Number(port) } }));
    try {
      this.#open = await this.#listen(Number(port));
      if (Number(port) !== this.#open.view.port) await this.#record(this.#open.view.port, `port ${this.#open.view.port}, which was free`);
    } catch (error) {
      report(error);
      await store.commit((tx) => tx.append({ type: 'tcp.closed', body: { summary: 'TCP door closed: it could not be opened again', remembered: true } }));
    }
  }

  /** The broker stops: the door closes, and will be open again. */
  async stop(): Promise<void> {
    await this.#last;
    await this.#open?.door.close();
  }

  dropSession(name: string): void {
    this.#open?.door.drop(name);
  }

  async #record(port: number, where: string): Promise<void> {
    await this.#parts.store.commit(async (tx) => {
      await tx.setSetting('tcp_port', String(port));
      await tx.append({ type: 'tcp.opened', body: { summary: `TCP door opened on ${where}`, port } });
    });
  }

  async #closeNow(why: string): Promise<void> {
    await this.#parts.store.commit(async (tx) => {
      await tx.setSetting('tcp_port', null);
      await tx.append({ type: 'tcp.closed', body: { summary: `TCP door closed: ${why}` } });
    });
    await this.#end();
  }

  async #end(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.door.close();
  }

  async #listen(port: number): Promise<Open> {
    const { home, uid, clock, report } = this.#parts;
    const certificateFile = join(home.config, 'tcp-door.pem');
    const { privatePem, certificatePem, sha256 } = await loadIdentity({ pair: join(home.state, 'keys', 'tcp-door-p256.pem'), certificate: certificateFile }, uid, clock.now());
    const door = await openTcpDoor({ port, privatePem, certificatePem, sessionOf: (token) => sessionOfToken(this.#parts, token), appOf: (name) => this.#appOf(name), report });
    return { door, view: { port: door.port, url: `https://localhost:${door.port}`, certificate_pem: certificatePem, certificate_file: certificateFile, sha256 } };
  }

  /** Whatever its socket is, a session that is reached through here is not contained: anybody with the token may be it. */
  async #appOf(name: string): Promise<App> {
    const session = (await this.#parts.store.view.sessions()).find((each) => each.name === name);
    if (!session) throw new DewarError({ code: 'token_refused', message: 'the session of this token is gone' });
    return this.#parts.appOf({ ...session, containment: 'uncontained' });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
