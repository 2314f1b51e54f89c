import type { ProviderInterface } from "@polkadot/rpc-provider/types";
import { BlockZeroError, hasCode, reasonOf } from "#shared/errors/error.js";
import type { Log } from "#shared/telemetry/log.js";
import { RpcError } from "../connection/rpc-socket.js";
import type { Link } from "./link.js";
import { isMetadata, isRuntimeVersion } from "./substrate.js";

export interface ProviderOptions {
  /** Whether the api is there already. Before, what fails tells of a stranger. */
  readonly isOpen: () => boolean;
  readonly log: Pick<Log, "warn">;
}

/** `@polkadot/api` asks for it where the runtime changes: once, and in a stream whose fault nobody hears. It would end the process. */
const METADATA = "state_getMetadata";
/** It hears of a new runtime by this, in the same stream: what it cannot read ends the process too. */
const VERSIONS = "state_subscribeRuntimeVersion";
/** Answers that cannot be read until the runtime is one that this version does not know. Each is another node's, where there is one. */
const MOST_UNREADABLE = 8;

/** A link as a transport for `@polkadot/api`. It reports itself as connected all the time, whatever its sockets do. */
export const linkProvider = (link: Link, options: ProviderOptions): ProviderInterface => {
  const ends = new Map<number, () => void>();
  let nextId = 1;
  /** Of the requests for a new runtime's metadata the library waits for the last alone. */
  let lastAsked = 0;
  const newestMetadata = async (): Promise<unknown> => {
    const own = ++lastAsked;
    const again = (reason: string) =>
      options.log.warn("the metadata of the chain's new runtime is not here yet: once more at the next block", {
        endpoint: link.endpoint,
        reason,
      });
    for (let unreadable = 0; ; ) {
      try {
        const given = await link.request(METADATA, []);
        if (own !== lastAsked || !options.isOpen() || isMetadata(given)) return given;
        if (++unreadable === MOST_UNREADABLE) await link.end(runtimeUnreadable(link.endpoint));
        else again("it cannot be read");
        link.rotate("it gives metadata of its runtime that cannot be read");
      } catch (thrown) {
        if (!options.isOpen()) throw thrown;
        // Else the link has ended, and no head comes any more.
        const isPassing = thrown instanceof RpcError || hasCode(thrown, "CHAIN_TIMEOUT");
        if (isPassing && own === lastAsked) again(reasonOf(thrown));
      }
      if (own === lastAsked) await nextHead(link);
      if (own !== lastAsked) return new Promise(() => {});
    }
  };
  const ask = (method: string, params: readonly unknown[]): Promise<unknown> =>
    method === METADATA && params.length === 0 ? newestMetadata() : link.request(method, params);
  return {
    hasSubscriptions: true,
    isClonable: false,
    isConnected: true,
    clone: () => linkProvider(link, options),
    connect: async () => {},
    disconnect: async () => {
      for (const end of ends.values()) end();
      ends.clear();
    },
    on: () => () => {},
    // The interface leaves the answer's type to its caller.
    send: <T>(method: string, params: unknown[]) => ask(method, params) as Promise<T>,
    subscribe: async (_, method, params, callback) => {
      const tell = (result: unknown) => callback(null, result);
      const end = await link.subscribe(method, params, method === VERSIONS ? versionsOnceABlock(link, tell) : tell);
      const id = nextId++;
      ends.set(id, end);
      return id;
    },
    unsubscribe: async (_type, _method, id) => {
      ends.get(Number(id))?.();
      return ends.delete(Number(id));
    },
  };
};

const runtimeUnreadable = (endpoint: string): BlockZeroError =>
  new BlockZeroError(
    "RUNTIME_UNSUPPORTED",
    `${endpoint} gives metadata of the chain's new runtime that cannot be read, as was said at ${MOST_UNREADABLE - 1} blocks before`,
    "a newer chain may need a newer BlockZero; where others read it, leave out the endpoint",
  );

/**
 * Tells the newest of the versions that a node says its runtime has, once between two heads: a chain changes it once a block, and for each the
 * library asks for half a megabyte. What is no version is left out, and its node left, if there is another.
 */
const versionsOnceABlock = (link: Link, tell: (version: unknown) => void): ((version: unknown) => void) => {
  let toldAt = -1;
  let isWaiting = false;
  let newest: unknown;
  const tellNewest = () => {
    toldAt = link.heads.last!.number;
    if (isRuntimeVersion(newest)) tell(newest);
    else link.rotate("it says a version of its runtime that is none");
  };
  return (version) => {
    newest = version;
    if (isWaiting) return;
    if (link.heads.last!.number > toldAt) return tellNewest();
    isWaiting = true;
    void nextHead(link).then(() => {
      isWaiting = false;
      tellNewest();
    });
  };
};

const nextHead = ({ heads }: Link): Promise<void> =>
  new Promise((resolve) => {
    const heard = new AbortController();
    heads.listen(() => {
      heard.abort();
      resolve();
    }, heard.signal);
  });
