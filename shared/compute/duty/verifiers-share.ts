import type { SprintWithDuty } from "#shared/protocol/sprint.js";
import { payVerifiers } from "#shared/settlement/verifiers-pay.js";
import { MILLION } from "#shared/util/fraction.js";
import { type DutyStanding, paidBy } from "./standing.js";

/** Units of all pay: small enough that what is below one is no weight. */
const UNITS = 1e12;

/**
 * Hotkey → share of all pay, once verifiers are paid out of it: who has tasks gives a part, who did duty gets one. What is missing from the sum is
 * forfeited.
 *
 * @param pays hotkey → what it earned, after what its weight and its duty leave it
 */
export const shareWithVerifiers = (
  pays: ReadonlyMap<string, number>,
  { duty }: Pick<SprintWithDuty, "duty">,
  standings: ReadonlyMap<string, DutyStanding>,
): ReadonlyMap<string, number> => {
  const hosts = [...new Set([...pays.keys(), ...standings.keys()])].sort().map((hotkey) => {
    const { tasks = 0, checked = 0, credit = 0 } = standings.get(hotkey)?.newest ?? {};
    const released = Math.floor(MILLION * paidBy({ duty }, standings.get(hotkey)));
    return { hotkey, earned: BigInt(Math.floor((pays.get(hotkey) ?? 0) * UNITS)), tasks, checked, credit, released };
  });
  const { pays: shared } = payVerifiers(hosts, Math.round(MILLION * (duty.verifiers ?? 0)));
  return new Map([...shared].map(([hotkey, { kept, got }]) => [hotkey, Number(kept + got) / UNITS]));
};
