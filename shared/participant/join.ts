import { join as joinPath } from "node:path";
import { createBlobClient } from "#shared/artifact/blob-client.js";
import { startBlobServer } from "#shared/artifact/blob-server.js";
import { directoryStore } from "#shared/artifact/blob-store.js";
import type { Chain, Signer } from "#shared/chain/chain.js";
import { connectChain } from "#shared/chain/connect.js";
import { loadHotkey } from "#shared/chain/wallet.js";
import type { participantSettings } from "#shared/config/common.js";
import { differingField, loadNetwork, parseNetwork } from "#shared/config/load-network.js";
import type { Config } from "#shared/config/settings.js";
import { BlockZeroError } from "#shared/errors.js";
import { lockHome } from "#shared/files/home-lock.js";
import { checkGroups } from "#shared/model/groups.js";
import { type Network, networkHash } from "#shared/protocol/network.js";
import type { Log } from "#shared/telemetry/log.js";
import { type AgreedModels, followModels, publishedNetwork } from "./agreed-model.js";
import { type Blobs, createBlobs } from "./blobs.js";
import { type BlockClock, startBlockClock } from "./block-clock.js";
import { type CommitOnce, commitOnce, type Intentions } from "./commit-once.js";
import { type Embargo, openEmbargo } from "./embargo.js";
import { intentionsSchema, openJournal } from "./journal.js";

/** A network file is a few kilobytes; a large model's expert groups may take some hundred. */
const MAX_NETWORK_BYTES = 4 << 20;
/** Intentions remembered: three record types a cycle, for the cycles whose windows may still be open, and a margin. */
const KEPT_INTENTIONS = 64;

export type ParticipantConfig = Config<typeof participantSettings>;

/** A hotkey's standing presence in a subnet: what miner and validator have in common. */
export interface Participant {
  readonly chain: Chain;
  readonly clock: BlockClock;
  readonly signer: Signer;
  readonly uid: number;
  readonly network: Network;
  readonly networkHash: string;
  readonly blobs: Blobs;
  readonly embargo: Embargo;
  readonly models: AgreedModels;
  /** Origin of our blob server, as it goes into records. */
  readonly location: string;
  readonly home: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Puts a record on chain once, inside its window. @returns the block that included it */
  commitOnce(record: Parameters<typeof commitOnce>[1]): Promise<number>;
  leave(): Promise<void>;
}

export interface JoinOptions {
  readonly config: ParticipantConfig;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Checks all that can be checked before any work is done, then opens shop: wallet, chain, registration, network file, home, blob server.
 * @throws the first thing that is wrong, coded.
 */
export const joinNetwork = async ({ config, log, signal }: JoinOptions): Promise<Participant> => {
  const signer = await loadHotkey({ path: config.wallet.path, name: config.wallet.name, hotkey: config.wallet.hotkey });
  const chain = await connectChain({ endpoint: config.chain_endpoint, log, signal });
  try {
    const uid = await registeredUid(chain, config, signer);
    const client = createBlobClient({ allowPrivateAddresses: config.allow_private_addresses, log });
    const home = joinPath(config.checkpoint_dir, signer.address);
    const unlock = lockHome(home);
    const blobs = createBlobs(directoryStore(joinPath(home, "blobs")), client);
    const network = await agreedNetwork(chain, config, blobs, signal);
    const clock = await startBlockClock(chain, signal);
    const embargo = openEmbargo(joinPath(home, "embargo.json"), () => clock.head.number);
    const server = await startBlobServer({
      host: config.listen.host,
      port: config.listen.port,
      store: blobs.store,
      visible: embargo.isLifted,
      log,
    });
    const hash = networkHash(network);
    const context: CommitOnce = {
      chain,
      clock,
      signer,
      netuid: config.netuid,
      intentions: openIntentions(joinPath(home, "intentions.json")),
      log,
      signal,
    };
    log.info("joined", { network: network.name, netuid: config.netuid, uid, hotkey: signer.address });
    return {
      chain,
      clock,
      signer,
      uid,
      network,
      networkHash: hash,
      blobs,
      embargo,
      models: followModels({ chain, clock, network, networkHash: hash, blobs }),
      location: config.listen.public_url ?? server.url,
      home,
      log,
      signal,
      commitOnce: (record) => commitOnce(context, record),
      leave: async () => {
        await server.close();
        await chain.close();
        unlock();
      },
    };
  } catch (thrown) {
    await chain.close();
    throw thrown;
  }
};

const registeredUid = async (chain: Chain, { netuid, wallet }: ParticipantConfig, signer: Signer): Promise<number> => {
  const { neurons } = await chain.metagraph(netuid);
  const neuron = neurons.find(({ hotkey }) => hotkey === signer.address);
  if (neuron) return neuron.uid;
  throw new BlockZeroError(
    "HOTKEY_NOT_REGISTERED",
    `hotkey ${wallet.name}/${wallet.hotkey} (${signer.address}) is not registered in subnet ${netuid}`,
    `register it: blockzero register --netuid ${netuid} --wallet.name ${wallet.name} --wallet.hotkey ${wallet.hotkey}`,
  );
};

/** The network file that the owner's record names; the operator's own copy, if configured, must be the same. */
const agreedNetwork = async (
  chain: Chain,
  config: ParticipantConfig,
  blobs: Blobs,
  signal: AbortSignal,
): Promise<Network> => {
  const { hash, location } = await publishedNetwork(chain, config.netuid);
  const own = config.network === undefined ? null : loadNetwork(config.network);
  if (own && networkHash(own) === hash) return checked(own);
  const bytes = await blobs.get({ hash, maxBytes: MAX_NETWORK_BYTES, locations: [location], signal });
  const published = checked(parseNetwork(parsedJson(bytes), `the network file of subnet ${config.netuid}`));
  if (own)
    throw new BlockZeroError(
      "NETWORK_MISMATCH",
      `${config.network} differs from the network that subnet ${config.netuid} runs in "${differingField(own, published)}"`,
      "take the owner's file, or leave `network` out of the config and it is fetched",
    );
  return published;
};

const parsedJson = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
};

const checked = (network: Network): Network => {
  checkGroups(network);
  return network;
};

const openIntentions = (path: string): Intentions => {
  const journal = openJournal(path, intentionsSchema);
  return {
    intend(key, data) {
      const known = journal.value[key];
      if (known !== undefined) return known;
      journal.update((intentions) => ({ ...forgetOldest(intentions), [key]: data }));
      return data;
    },
  };
};

/** Keys begin with their cycle. */
const forgetOldest = (intentions: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(intentions)
      .sort(([a], [b]) => Number.parseInt(b, 10) - Number.parseInt(a, 10))
      .slice(0, KEPT_INTENTIONS),
  );
