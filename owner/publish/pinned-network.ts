import { checkNetwork } from "#owner/network/network-template.js";
import { pinSources } from "#owner/network/pin-sources.js";
import { pinTokenizer } from "#owner/network/pin-tokenizer.js";
import type { LocalStore } from "#shared/blobs/blob-store.js";
import { checkPinned } from "#shared/config/check-network.js";
import { checkVocabulary } from "#shared/data/vocabulary.js";
import { decisiveNetwork, type Network } from "#shared/protocol/network.js";

/** The network file with its sources and tokenizer pinned, where the owner added one since it was made. */
export const pinnedNetwork = async (store: LocalStore, network: Network): Promise<Network> => {
  const groups = await pinSources(store, network.groups);
  const data = await pinTokenizer(store, network.data);
  checkVocabulary({ ...network, data });
  const pinned = decisiveNetwork({ ...network, data, groups });
  checkNetwork(pinned);
  checkPinned(pinned);
  return pinned;
};
