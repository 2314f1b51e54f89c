import { join } from "node:path";
import { planChange } from "#owner/network/network-change.js";
import { checkNetwork, networkText } from "#owner/network/network-template.js";
import { pinSources } from "#owner/network/pin-sources.js";
import { type BlobClient, createBlobClient } from "#shared/blobs/blob-client.js";
import { type BlobStore, directoryStore, type LocalStore } from "#shared/blobs/blob-store.js";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { setCommitment } from "#shared/chain/call.js";
import type { Chain } from "#shared/chain/chain.js";
import { connectChain } from "#shared/chain/connect.js";
import { formatExtrinsic } from "#shared/chain/writer/dry-run.js";
import { keyFolderOf } from "#shared/chain/writer/key-lock.js";
import { settingsAmong } from "#shared/cli/config-flags.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import { printFields } from "#shared/cli/print.js";
import { type CommandSpec, shutdownSignal, untilAborted } from "#shared/cli/program.js";
import { checkPinned } from "#shared/config/check-network.js";
import { addFlags } from "#shared/config/flags.js";
import { loadNetwork } from "#shared/config/load-network.js";
import { defineConfig } from "#shared/config/settings.js";
import { pinnedTexts } from "#shared/data/pinned-text.js";
import { BlockZeroError, hasCode, reasonOf } from "#shared/errors/error.js";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import { lockHome } from "#shared/files/home-lock.js";
import { publishedNetwork } from "#shared/participant/agreement/agreed-model.js";
import { serveOnKeptPort } from "#shared/participant/files/kept-port.js";
import { ownLocation } from "#shared/participant/files/own-location.js";
import { rankServers, readServers } from "#shared/participant/files/subnet-servers.js";
import { type ModelManifest, parseModelManifest } from "#shared/protocol/model-manifest.js";
import { decisiveNetwork, type Network, networkBytes, networkHash } from "#shared/protocol/network.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { envelopeHash, indexBytes } from "#shared/protocol/sealed-text.js";
import type { Signer } from "#shared/protocol/signer.js";
import type { FileRequest } from "#shared/replay/source.js";
import { networkInForce, readNetwork } from "#shared/replay/succession.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { loadHotkey } from "#shared/wallet/index.js";
import { confirm } from "../confirm.js";
import { announceSettings, chainSettings, walletSettings } from "../settings.js";

const settings = defineConfig({ ...chainSettings, ...walletSettings, ...announceSettings });

interface Options {
  readonly home: string;
  readonly dryRun?: boolean;
  readonly fromCycle?: number;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export const publish: CommandSpec = {
  name: "publish",
  description: "put the network on chain as the subnet's owner, and serve its files until stopped",
  examples: [
    "blockzero publish --home genesis --listen.host 0.0.0.0 --listen.port 8091 --listen.public_url https://owner.example.org",
    "blockzero publish --home genesis --wallet.name main --wallet.hotkey owner --allow_private_addresses",
  ],
  define: (command) => {
    addFlags(command, settings)
      .requiredOption("--home <dir>", "directory that `blockzero genesis --out` wrote")
      .option("--dry-run", "print the extrinsic that would be sent, and send and serve nothing")
      .option(
        "--from-cycle <n>",
        "first cycle under a changed network file; unset: the one after the next",
        wholeNumber(1),
      )
      .option("--yes", "publish a changed network file without being asked")
      .option(...JSON_FLAG)
      .action(async ({ home, dryRun = false, fromCycle, yes = false, json = false, ...options }: Options) => {
        const unlock = lockHome(home);
        try {
          await serve(home, settingsAmong(settings, options), {
            dryRun,
            fromCycle,
            yes,
            json,
            signal: shutdownSignal(),
          });
        } finally {
          unlock();
        }
      });
  },
};

interface Publishing {
  readonly dryRun: boolean;
  readonly fromCycle: number | undefined;
  readonly yes: boolean;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

const serve = async (
  home: string,
  config: ReturnType<typeof settingsAmong<typeof settings>>,
  { dryRun, fromCycle, yes, json, signal }: Publishing,
): Promise<void> => {
  const { chain_endpoint: endpoint, wallet, listen } = config;
  const announced = ownLocation(config);
  const log = createLogger({ name: "publish", level: "warn", format: "pretty" });
  const file = join(home, "network.yaml");
  const store = directoryStore(join(home, "blobs"), log);
  const written = await pinnedNetwork(store, loadNetwork(file));
  await checkComplete(store, written, home);
  const owner = await loadHotkey(wallet);
  const chain = await connectChain({ endpoint, log, signal, keyFolder: keyFolderOf(wallet.path) });
  try {
    await checkOwner(chain, written.netuid, owner);
    const client = createBlobClient({ allowPrivateAddresses: config.allow_private_addresses, log });
    const former = await formerNetwork(written, { store, client, chain, signal });
    let network = written;
    if (former !== null && networkHash(former) !== networkHash(written)) {
      const planned = planChange({ former, next: written, head: (await chain.head()).number, fromCycle });
      for (const line of planned.says) (json ? console.error : console.log)(line);
      ({ network } = planned);
      if (!yes && !dryRun) await confirm("Publish it?", signal);
    }
    const hash = networkHash(network);
    if (!dryRun) {
      // First what it refers to, then what refers to it.
      await store.put(networkBytes(network));
      if (hash !== networkHash(written)) writeFileAtomic(file, networkText(network));
    }
    const server = await serveOnKeptPort(listen, join(home, "port"), {
      store,
      visible: () => true,
      log,
      origin: announced,
    });
    try {
      const location = announced ?? server.url;
      const record = encodeRecord({ type: "network", network: shortHash(hash), hash, location });
      if (dryRun) {
        const extrinsic = await chain.prepare(setCommitment(network.netuid, record), owner);
        if (json) printJson({ notSent: extrinsic });
        else console.log(formatExtrinsic(extrinsic));
        return;
      }
      const block = await commitUnlessThere(chain, network.netuid, record, owner);
      refuseLate(network, former, block);
      const { name, netuid } = network;
      if (json) printJson({ network: name, hash, netuid, block, serving: location });
      else printFields({ network: name, hash, subnet: netuid, block, serving: location });
      await untilAborted(signal);
    } finally {
      await server.close();
    }
  } finally {
    await chain.close();
  }
};

/** The network file with its sources pinned, where the owner added one since it was made. */
const pinnedNetwork = async (store: LocalStore, network: Network): Promise<Network> => {
  const groups = await pinSources(store, network.groups);
  const pinned = decisiveNetwork({ ...network, groups });
  checkNetwork(pinned);
  checkPinned(pinned);
  return pinned;
};

/** A change that the chain took up after its first cycle had begun takes no effect. */
const refuseLate = ({ first_cycle, phases }: Network, former: Network | null, block: number): void => {
  const isChange = former !== null && first_cycle > former.first_cycle;
  if (!isChange || block < phaseWindow(first_cycle, "distribute", phases).start) return;
  throw new BlockZeroError(
    "NETWORK_CHANGE_LATE",
    `block ${block} holds the change, but its first cycle, ${first_cycle}, had begun: it takes no effect`,
    "publish it again, with a later --from-cycle",
  );
};

interface Published {
  readonly store: LocalStore;
  readonly client: BlobClient;
  readonly chain: Chain;
  readonly signal: AbortSignal;
}

/**
 * The network file that a change succeeds: the one in force, or the one that is to be; null where there is no record. It stays here for those who
 * still need it.
 *
 * @throws NETWORK_FORMER_MISSING
 */
const formerNetwork = async (
  written: Network,
  { store, client, chain, signal }: Published,
): Promise<Network | null> => {
  const { netuid } = written;
  const record = await publishedNetwork(chain, netuid).catch((thrown: unknown) => {
    if (hasCode(thrown, "NETWORK_NOT_PUBLISHED")) return null;
    throw thrown;
  });
  if (record === null) return null;
  if (record.hash === networkHash(written)) await store.put(networkBytes(written));
  const fetch = async ({ hash, maxBytes }: FileRequest): Promise<Uint8Array> => {
    const known = await store.get(hash);
    if (known) return known;
    const bytes = await fromAny([record.location, ...rankServers(await readServers(chain, netuid), hash)], (location) =>
      client.fetchBlob({ hash, maxBytes, location, signal }),
    );
    await store.put(bytes);
    return bytes;
  };
  const published = { chain, fetch, network: await readNetwork({ fetch }, record.hash), networkHash: record.hash };
  const { source, next } = await networkInForce(published, (await chain.head()).number + 1);
  if (next?.problem) console.error(`the published network file takes no effect: ${next.problem}`);
  return next !== null && next.problem === null ? published.network : source.network;
};

/** @throws NETWORK_FORMER_MISSING where none of them gives it */
const fromAny = async (
  locations: readonly string[],
  fetchFrom: (location: string) => Promise<Uint8Array>,
): Promise<Uint8Array> => {
  let last: unknown;
  for (const location of locations) {
    try {
      return await fetchFrom(location);
    } catch (thrown) {
      if (!isFetchFault(thrown)) throw thrown;
      last = thrown;
    }
  }
  throw new BlockZeroError(
    "NETWORK_FORMER_MISSING",
    `the network file that is published now cannot be had: ${reasonOf(last)}`,
    "keep its publisher or a validator running meanwhile, or copy its blob into the directory's blobs",
    { cause: last },
  );
};

/** Everything that a participant will ask for must be here. @throws GENESIS_INCOMPLETE */
const checkComplete = async (store: BlobStore, { genesis, groups }: Network, home: string): Promise<void> => {
  const incomplete = (hash: string, what: string) =>
    new BlockZeroError(
      "GENESIS_INCOMPLETE",
      `${home} lacks ${what} (blob ${hash})`,
      "use the directory that `blockzero genesis` wrote, with its blobs and its network.yaml as they were",
    );
  const bytes = await store.get(genesis);
  const manifest = bytes && parseModelManifest(bytes);
  if (!manifest?.ok) throw incomplete(genesis, "the genesis model's manifest");
  for (const [what, { hash }] of partsOf(manifest.value)) if (!(await store.has(hash))) throw incomplete(hash, what);
  for (const { group, sha256 } of pinnedTexts({ groups }))
    if (!(await store.has(sha256))) throw incomplete(sha256, `the documents of group ${group}`);
  for (const [name, { sealed }] of Object.entries(groups)) {
    if (!sealed) continue;
    const what = `the sealed text of group ${name}`;
    const index = await store.get(sealed.index);
    if (index?.length !== indexBytes(sealed)) throw incomplete(sealed.index, `the index of ${what}`);
    for (let envelope = 0; envelope < sealed.envelopes; envelope++) {
      const hash = envelopeHash(index, envelope);
      if (!(await store.has(hash))) throw incomplete(hash, what);
    }
  }
};

const partsOf = ({ parts }: ModelManifest) => [
  ["the hub", parts.hub] as const,
  ...Object.entries(parts.groups).map(([name, { weights }]) => [`group ${name}`, weights] as const),
];

const checkOwner = async (chain: Chain, netuid: number, { address }: Signer): Promise<void> => {
  const { ownerHotkey } = await chain.metagraph(netuid);
  if (ownerHotkey === address) return;
  throw new BlockZeroError(
    "NOT_SUBNET_OWNER",
    `subnet ${netuid} belongs to ${ownerHotkey}, the wallet's hotkey is ${address}`,
    "name the owner's wallet with --wallet.name and --wallet.hotkey",
  );
};

/** @returns the block that holds the record */
const commitUnlessThere = async (chain: Chain, netuid: number, record: string, owner: Signer): Promise<number> => {
  const present = (await chain.commitments(netuid)).find(({ hotkey }) => hotkey === owner.address);
  return present?.data === record ? present.block : (await chain.submit(setCommitment(netuid, record), owner)).block;
};
