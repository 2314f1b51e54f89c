import { keepNewest } from "#shared/util/keep-newest.js";

/** Hotkeys of a subnet, with the networks from which they sent requests that they had signed. */
export interface KnownSenders {
  has(hotkey: string, network: string): boolean;
  /** A signature of the hotkey held, of a request from there. */
  add(hotkey: string, network: string): void;
  /** Somebody there signs as the hotkey who is not. */
  forget(hotkey: string, network: string): void;
}

/** Hotkeys that are remembered, and networks of one: a machine has one of IPv4 and one of IPv6, and moves now and then. The newest. */
const MOST_HOTKEYS = 4096;
const MOST_NETWORKS = 4;

export const knownSenders = (): KnownSenders => {
  const networks = new Map<string, Set<string>>();
  return {
    has: (hotkey, network) => networks.get(hotkey)?.has(network) === true,
    add: (hotkey, network) => {
      const own = networks.get(hotkey) ?? new Set<string>();
      own.delete(network);
      own.add(network);
      keepNewest(own, MOST_NETWORKS);
      networks.delete(hotkey);
      networks.set(hotkey, own);
      keepNewest(networks, MOST_HOTKEYS);
    },
    forget: (hotkey, network) => void networks.get(hotkey)?.delete(network),
  };
};
