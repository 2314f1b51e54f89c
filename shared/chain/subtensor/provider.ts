import type { ProviderInterface } from "@polkadot/rpc-provider/types";
import type { Link } from "./link.js";

/** A link as a transport for `@polkadot/api`. It reports itself as connected all the time, whatever its sockets do. */
export const linkProvider = (link: Link): ProviderInterface => {
  const ends = new Map<number, () => void>();
  let nextId = 1;
  return {
    hasSubscriptions: true,
    isClonable: false,
    isConnected: true,
    clone: () => linkProvider(link),
    connect: async () => {},
    disconnect: async () => {
      for (const end of ends.values()) end();
      ends.clear();
    },
    on: () => () => {},
    // The interface leaves the answer's type to its caller.
    send: <T>(method: string, params: unknown[]) => link.request(method, params) as Promise<T>,
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
