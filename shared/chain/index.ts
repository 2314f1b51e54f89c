export type {
  Chain,
  Commitment,
  Head,
  HyperParameters,
  Inclusion,
  Metagraph,
  Neuron,
  Signer,
  WeightRow,
} from "./chain.js";
export { ChainRejected, isRejected } from "./chain-rejected.js";
export { connectChain } from "./connect.js";
export type { ConnectOptions } from "./connect-options.js";
export { connectDevChain, type DevChain } from "./dev-chain.js";
export { COMMITMENT_BYTES, type SudoCallSpec } from "./devchain/calls.js";
export { type Clock, systemClock } from "./devchain/clock.js";
export { type Genesis, type GenesisSpec, genesisSchema } from "./devchain/genesis.js";
export { type Devchain, type DevchainOptions, startDevchain } from "./devchain/start.js";
export { type EpochInput, type EpochNeuron, type EpochResult, yumaEpoch } from "./devchain/yuma.js";
