/** One interface to a chain: subtensor, or the embedded development chain. */
export type { Chain, Commitment, Head, HyperParameters, Metagraph, Neuron, WeightRow } from "#shared/chain/chain.js";
export { connectChain } from "#shared/chain/connect.js";
export type { ConnectOptions } from "#shared/chain/connection/connect-options.js";
export { ChainRejected } from "#shared/chain/writer/chain-rejected.js";
export type { LocalKey, Signer, SigningRequest } from "#shared/protocol/signer.js";
export { type DevchainOptions, type DevchainServer, startDevchain } from "#shared/simulators/devchain/start.js";
export { loadHotkey, signerFromUri } from "#shared/wallet/index.js";
