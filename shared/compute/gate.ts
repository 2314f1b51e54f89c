import type { Sprint } from "#shared/protocol/sprint.js";
import type { Confirmed } from "./confirmed.js";

/** Hotkey → the part of its Proof-of-Loss pay that a miner gets, from 0 to 1. */
export type PayGate = (hotkey: string) => number;

/**
 * The part of its pay that a miner's confirmed weight earns: min(1, confirmed / required). Undefined where pay does not depend on it: the network
 * file requires nothing, or no Sprint is settled yet.
 *
 * @param confirmed undefined if no Sprint is settled yet
 */
export const payGate = (
  sprint: Pick<Sprint, "required"> | undefined,
  confirmed: ReadonlyMap<string, Pick<Confirmed, "weight">> | undefined,
): PayGate | undefined => {
  const required = sprint?.required;
  if (required === undefined || !confirmed) return undefined;
  return (hotkey) => Math.min(1, (confirmed.get(hotkey)?.weight ?? 0) / required);
};
