import type { Neuron } from "#shared/chain/chain.js";

/** A neuron that has just registered, with no stake and no pay, but for what is given. */
export const neuronOf = (fields: Pick<Neuron, "uid" | "hotkey"> & Partial<Neuron>): Neuron => ({
  coldkey: fields.hotkey,
  stake: 0n,
  validatorPermit: false,
  active: true,
  rank: 0,
  trust: 0,
  validatorTrust: 0,
  incentive: 0,
  consensus: 0,
  dividends: 0,
  emission: 0n,
  lastUpdate: 0,
  registeredAt: 0,
  axon: null,
  ...fields,
});
