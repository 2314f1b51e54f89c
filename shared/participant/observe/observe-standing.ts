import type { HyperParameters, Metagraph, Neuron } from "#shared/chain/chain.js";
import type { Instruments } from "#shared/telemetry/instruments/instruments.js";
import { inTokens } from "#shared/util/tokens.js";

type Limits = Pick<HyperParameters, "immunityPeriod" | "maxUids">;

/** Shows a subnet's size. */
export const showSubnet = (
  { neurons }: Pick<Metagraph, "neurons">,
  { maxUids }: Pick<Limits, "maxUids">,
  instruments: Instruments,
): void => {
  instruments.set("blockzero_subnet_neurons", neurons.length);
  instruments.set("blockzero_subnet_free_uids", Math.max(0, maxUids - neurons.length));
  instruments.set("blockzero_subnet_validators", neurons.filter(({ validatorPermit }) => validatorPermit).length);
};

/** Shows what a chain says of a hotkey. */
export const showStanding = (
  { block, neurons }: Pick<Metagraph, "block" | "neurons">,
  { immunityPeriod }: Pick<Limits, "immunityPeriod">,
  hotkey: string,
  instruments: Instruments,
): void => {
  const own = neurons.find((neuron) => neuron.hotkey === hotkey);
  instruments.set("blockzero_registered", own ? 1 : 0);
  if (!own) return;
  instruments.set("blockzero_uid", own.uid);
  instruments.set("blockzero_stake_tokens", inTokens(own.stake));
  instruments.set("blockzero_rank_ratio", own.rank);
  instruments.set("blockzero_incentive_ratio", own.incentive);
  instruments.set("blockzero_dividends_ratio", own.dividends);
  instruments.set("blockzero_validator_trust_ratio", own.validatorTrust);
  instruments.set("blockzero_emission_tokens", inTokens(own.emission));
  instruments.set("blockzero_validator_permit", own.validatorPermit ? 1 : 0);
  instruments.set("blockzero_weights_age_blocks", Math.max(0, block - own.lastUpdate));
  const immuneUntil = (neuron: Neuron) => neuron.registeredAt + immunityPeriod;
  instruments.set("blockzero_immunity_left_blocks", Math.max(0, immuneUntil(own) - block));
  instruments.set(
    "blockzero_deregistration_rank",
    replacedBefore(own, neurons, (one) => immuneUntil(one) > block),
  );
};

/**
 * Number of hotkeys that a registration would replace before this one: without immunity or permit, paid less, or as much and registered
 * earlier.
 */
const replacedBefore = (own: Neuron, neurons: readonly Neuron[], isImmune: (neuron: Neuron) => boolean): number =>
  neurons.filter(
    (other) =>
      other.uid !== own.uid &&
      !other.validatorPermit &&
      !isImmune(other) &&
      (other.emission < own.emission || (other.emission === own.emission && other.registeredAt < own.registeredAt)),
  ).length;
