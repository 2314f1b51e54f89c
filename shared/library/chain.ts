/** One interface to a chain: subtensor, or the embedded development chain. */
export type {
  Chain,
  Commitment,
  Head,
  HyperParameters,
  Metagraph,
  Neuron,
  Signer,
  WeightRow,
} from "#shared/chain/chain.js";
export { ChainRejected } from "#shared/chain/chain-rejected.js";
export { connectChain } from "#shared/chain/connect.js";
export type { ConnectOptions } from "#shared/chain/connect-options.js";
export { type Devchain, type DevchainOptions, startDevchain } from "#shared/chain/devchain/start.js";
export { loadHotkey, signerFromUri } from "#shared/wallet/index.js";
