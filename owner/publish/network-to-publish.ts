import type { Chain } from "#shared/chain/chain.js";
import { type Network, networkHash } from "#shared/protocol/network.js";
import { planChange } from "../network/network-change.js";
import { formerNetwork, type Published } from "./former-network.js";
import { refuseEarly, refuseShort } from "./network-record.js";

export interface Deciding extends Published {
  /** The first cycle under a changed network file; unset: the one after the next. */
  readonly fromCycle: number | undefined;
  /** Whether nothing is sent, so that nothing can come too late. */
  readonly isDryRun: boolean;
  /** Tells the owner what a change does, a line at a time. */
  readonly say: (line: string) => void;
  /** Asks the owner whether a change is to be published, and throws where it is not. Unset: it is, unasked. */
  readonly confirm?: (() => Promise<void>) | undefined;
}

export interface ToPublish {
  readonly network: Network;
  /** What the network file succeeds, or is already; null for the subnet's first. */
  readonly former: Network | null;
}

/**
 * The network file that is published for the one that the owner wrote: where it differs from the one in force, with what it succeeds and from when.
 *
 * @throws BlockZeroError NETWORK_FORMER_MISSING, NETWORK_BEGINS_EARLY, NETWORK_CHANGE_LATE, NETWORK_CHANGE_UNDATED; what `confirm` throws
 */
export const networkToPublish = async (written: Network, deciding: Deciding): Promise<ToPublish> => {
  const former = await formerNetwork(written, deciding);
  if (former === null) await refuseEarly(deciding.chain, written);
  if (former === null || networkHash(former) === networkHash(written)) return { network: written, former };
  const change = await confirmedChange(former, written, deciding);
  if (!deciding.isDryRun && change.network.succeeds) refuseShort(change.network, former, change.head);
  return { network: change.network, former };
};

const confirmedChange = async (former: Network, next: Network, { chain, fromCycle, say, confirm }: Deciding) => {
  const asked = await changeNow(chain, { former, next, fromCycle });
  for (const line of asked.says) say(line);
  if (confirm === undefined) return asked;
  await confirm();
  // Whoever was asked may have taken cycles to answer.
  const confirmed = await changeNow(chain, { former, next, fromCycle });
  const { first_cycle: first } = confirmed.network;
  if (first !== asked.network.first_cycle) say(`it holds from cycle ${first} on: others began meanwhile`);
  return confirmed;
};

/** The change as it is by the newest block. */
const changeNow = async (
  chain: Pick<Chain, "head">,
  change: { readonly former: Network; readonly next: Network; readonly fromCycle: number | undefined },
) => {
  const head = (await chain.head()).number;
  return { head, ...planChange({ ...change, head }) };
};
