import type { Sprint } from "#shared/protocol/sprint.js";
import { capWeights } from "#shared/sprint/proof/cap-weights.js";
import { MILLION } from "#shared/util/fraction.js";
import type { Confirmed } from "./confirmed.js";

/**
 * Hotkey → confirmed weight in whole nonces, none above the network's `max_share` of their sum, as `capWeights` caps. Who has no weight is left out.
 *
 * @param confirmed undefined if no Sprint is settled
 */
export const cappedWeights = (
  confirmed: ReadonlyMap<string, Pick<Confirmed, "weight">> | undefined,
  { max_share }: Pick<Sprint, "max_share">,
): ReadonlyMap<string, number> => {
  const whole = [...(confirmed ?? [])].map(([hotkey, { weight }]) => [hotkey, Math.floor(weight)] as const);
  return capWeights(new Map(whole), Math.max(1, Math.round(MILLION * max_share)));
};
