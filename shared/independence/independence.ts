import { gramOf } from "./gram.js";
import { beyondChance, kinOfEach, kinTogether } from "./kin-sum.js";
import { kinCountsOf, positive, precisionOf } from "./kinship.js";
import { besideThem, makeupOf } from "./loadings.js";
import { ownSharesOf } from "./own-share.js";
import { square } from "./powers.js";
import { relativeToUsual } from "./relative-to-usual.js";
import { copiesOf, gainWeightsOf } from "./weights.js";
import { witnessCosinesOf } from "./witness-cosines.js";
import { witnessedMakeupOf } from "./witnessed-loadings.js";

export interface Measured {
  readonly sketch: Float32Array;
  /** Loss reduction, nats per token. */
  readonly gain: number;
}

/** Sketches of what has no part itself. */
export interface Aside {
  /**
   * Updates whose gain is not known, because they came too late to be measured. Their kin share with them: else a copy would be worth as much as
   * the training for each validator that gets it alone.
   */
  readonly unmeasured?: readonly Float32Array[];
  /**
   * Trainings of the same base that nobody else has seen, such as a validator's own, each with draws of its own. Two or more tell who has the
   * signal. Cosines alone do not, where hotkeys of one training are the majority. Fewer than two say nothing.
   */
  readonly witnesses?: readonly Float32Array[];
}

/**
 * An update worth less than this part of another takes less from it as its kin. Else what takes no work would take as much as a copy: an old
 * update of a miner under noise, say. It has in common with the new one what it has in each cycle, and lowers the loss by what everybody knows.
 */
const WORTHLESS = 0.25;

/**
 * The share of each update in what a group's updates teach together, relative to the usual one: 1 each if all are equal and independent.
 *
 * An update is the sum of a signal, which all updates have in common, and the noise of its own training. The information that n independent
 * trainings give about the signal adds up: it is their signal to noise ratio. Updates made from one training, by copying, adding noise,
 * dividing or scaling, together give no more information than that training (Fisher, "Theory of statistical estimation", 1925). So the part
 * of an update is the square of its precision, divided among its kin.
 *
 * - k copies get a kth each. Copies with added noise get less because of the noise. The halves u + n and u − n, which have only the signal in
 *   common, also get less because of their noise.
 * - Because of the square, small errors of the estimate give next to nothing, even to many updates.
 * - Witnesses tell how precise one training is. What is more precise than that is not squared: the mean of n trainings has n times the
 *   precision, and n times the part.
 * - What everybody knows is removed first. But the loss reduction is that of the whole update: one that adds what everybody knows to its own
 *   work would lower the loss by more for the length that is left, and pass for cleaner than all others. So loss reduction and precision are
 *   multiplied by the share that is the update's own.
 *
 * 0 for an update that lowers no loss, has no finite loss reduction, or lies along the public directions. The result does not depend on the
 * order of the updates, except for rounding.
 *
 * @param directions sketches of what everybody knows, such as the momentum: the part along them is removed from every update
 */
export const independenceOf = (
  updates: readonly Measured[],
  directions: readonly Float32Array[],
  { unmeasured = [], witnesses = [] }: Aside = {},
): readonly number[] => {
  const sketches = [...updates.map(({ sketch }) => sketch), ...unmeasured, ...witnesses];
  const { norms, known, cosines } = gramOf(sketches, directions);
  const counted = updates.flatMap(({ gain }, i) => (gain > 0 && Number.isFinite(gain) && norms[i]! > 0 ? [i] : []));
  const shares = updates.map(() => 0);
  if (counted.length === 1) shares[counted[0]!] = 1;
  if (counted.length < 2) return shares;
  const gram = {
    cosines: counted.map((i) => Float64Array.from(counted, (j) => cosines[i]![j]!)),
    norms: counted.map((i) => norms[i]!),
    known: counted.map((i) => known[i]!),
  };
  const gains = counted.map((i) => updates[i]!.gain);
  const copies = copiesOf(gram.cosines);
  const own = ownSharesOf(gram, gains, copies);
  const ownGains = gains.map((gain, i) => Math.max(Number.MIN_VALUE, gain * own[i]!));
  const witnessPlaces = witnesses.map((_, i) => updates.length + unmeasured.length + i);
  const witnessed = witnessCosinesOf({ cosines, norms }, witnessPlaces, counted);
  const { loadings, kinship, usual } = witnessed
    ? witnessedMakeupOf(gram.cosines, ownGains, copies, witnessed)
    : { ...makeupOf(gram, ownGains, copies), usual: Number.POSITIVE_INFINITY };
  const heard = gainWeightsOf(ownGains).map((weight, i) => weight * precisionOf(loadings[i]!));
  const late = unmeasured.flatMap((_, k) => {
    const row = cosines[updates.length + k]!;
    const withThem = counted.map((i) => row[i]!);
    return norms[updates.length + k] === 0 ? [] : [besideThem(withThem, loadings, heard)];
  });
  const precisions = loadings.map(precisionOf);
  const worths = precisions.map((precision, i) => precision * own[i]!);
  const counts = kinCountsOf(positive(kinship));
  const parts = worths.map((worth, i) => {
    const others = worths.flatMap((other, j) =>
      j === i
        ? []
        : [{ kinship: kinship[i]![j]!, taking: Math.min(1, other / (WORTHLESS * worth)), count: counts[j]! }],
    );
    let kin = witnessed ? kinTogether(others) : kinOfEach(others);
    // Who comes late need not lower the loss.
    for (const one of late)
      kin += square(Math.min(1, precisionOf(one.loading) / precisions[i]!)) * beyondChance(one.kinship[i]!);
    return (worth * Math.min(worth, usual)) / (1 + kin);
  });
  for (const [at, share] of relativeToUsual(parts).entries()) shares[counted[at]!] = share;
  return shares;
};
