import { knownSenders } from "./known-senders.js";
import { tokenBuckets } from "./token-buckets.js";

/** How many signatures are verified: each takes five milliseconds of the thread that does all else. */
export interface SignatureBudget {
  /** Milliseconds until a signature of the hotkey may be verified, by those that held; 0: now. */
  wait(hotkey: string): number;
  /** The same by those that did not hold. A hotkey that is known in that network need not wait. */
  waitOfUnknown(hotkey: string, network: string): number;
  /** A signature held. */
  held(hotkey: string, network: string): void;
  /** A signature did not hold. */
  forged(hotkey: string, network: string): void;
}

export interface SignatureBudgetOptions {
  /** Requests per minute that one hotkey may send, and that one address may send which no hotkey signed. */
  readonly perHotkey: number;
  readonly perAddress: number;
  /** Milliseconds. */
  readonly now: () => number;
}

/**
 * Signatures per minute that do not hold and are verified, of hotkeys that are not known where they come from: so many from one network, and so many
 * from all, a tenth of the thread.
 */
const FORGED_PER_MINUTE = { ofNetwork: 120, ofAll: 1200 };

/**
 * Signatures per minute that hold and are verified: so many of each hotkey, and beyond these so many of all together, a quarter of the thread. Else
 * five hotkeys that send as many requests as they may would take all of it.
 */
const HELD_PER_MINUTE = { ofHotkey: 120, beyond: 3000 };

/** The key of what all share. */
const ALL = "";

export const signatureBudget = ({ perHotkey, perAddress, now }: SignatureBudgetOptions): SignatureBudget => {
  const known = knownSenders();
  const assured = tokenBuckets({ perMinute: Math.min(HELD_PER_MINUTE.ofHotkey, perHotkey), now });
  const beyond = tokenBuckets({ perMinute: HELD_PER_MINUTE.beyond, now });
  const ofNetwork = tokenBuckets({ perMinute: Math.min(FORGED_PER_MINUTE.ofNetwork, perAddress), now });
  const ofAll = tokenBuckets({ perMinute: FORGED_PER_MINUTE.ofAll, now });
  return {
    wait: (hotkey) => Math.min(assured.wait(hotkey), beyond.wait(ALL)),
    // Neither strangers nor forgers lock out others at their address who are known there.
    waitOfUnknown: (hotkey, network) => (known.has(hotkey, network) ? 0 : ofNetwork.wait(network) || ofAll.wait(ALL)),
    held(hotkey, network) {
      known.add(hotkey, network);
      if (assured.take(hotkey) > 0) beyond.take(ALL);
    },
    forged(hotkey, network) {
      known.forget(hotkey, network);
      ofNetwork.take(network);
      ofAll.take(ALL);
    },
  };
};
