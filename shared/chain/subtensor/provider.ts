import type { ProviderInterface } from "@polkadot/rpc-provider/types";
import { hasCode, reasonOf } from "#shared/errors/error.js";
import type { Log } from "#shared/telemetry/log.js";
import { RpcError } from "../connection/rpc-socket.js";
import type { Link } from "./link.js";

export interface ProviderOptions {
  /** Whether the api is there already. Before, what fails tells of a stranger. */
  readonly isOpen: () => boolean;
  readonly log: Pick<Log, "warn">;
}

/** `@polkadot/api` asks for it where the runtime changes: once, and in a stream whose fault nobody hears. It would end the process. */
const METADATA = "state_getMetadata";

/** A link as a transport for `@polkadot/api`. It reports itself as connected all the time, whatever its sockets do. */
export const linkProvider = (link: Link, options: ProviderOptions): ProviderInterface => {
  const ends = new Map<number, () => void>();
  let nextId = 1;
  const ask = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    for (;;)
      try {
        return await link.request(method, params);
      } catch (thrown) {
        if (method !== METADATA || params.length > 0 || !options.isOpen()) throw thrown;
        // Else the link has ended, and no head comes any more.
        if (thrown instanceof RpcError || hasCode(thrown, "CHAIN_TIMEOUT"))
          options.log.warn("the metadata of the chain's new runtime is not here yet: once more at the next block", {
            endpoint: link.endpoint,
            reason: reasonOf(thrown),
          });
        await nextHead(link);
      }
  };
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
      const end = await link.subscribe(method, params, (result) => callback(null, result));
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

const nextHead = ({ heads }: Link): Promise<void> =>
  new Promise((resolve) => {
    const heard = new AbortController();
    heads.listen(() => {
      heard.abort();
      resolve();
    }, heard.signal);
  });
