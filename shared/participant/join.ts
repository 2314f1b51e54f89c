import { join as joinPath } from "node:path";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { layeredSource } from "#shared/blobs/layered-store.js";
import { openNonceMark } from "#shared/blobs/nonce-mark.js";
import { observeFetches } from "#shared/blobs/observe-fetches.js";
import { openStore } from "#shared/blobs/open-store.js";
import type { Chain, Metagraph } from "#shared/chain/chain.js";
import { connectChain } from "#shared/chain/connect.js";
import { observedChain } from "#shared/chain/observed-chain.js";
import { dryRun, formatExtrinsic } from "#shared/chain/writer/dry-run.js";
import { checkKeyFolder, keyFolderOf } from "#shared/chain/writer/key-lock.js";
import type { participantSettings } from "#shared/config/common.js";
import type { Config } from "#shared/config/settings.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { lockHome } from "#shared/files/home-lock.js";
import { networkBytes, networkHash } from "#shared/protocol/network.js";
import { shortHash } from "#shared/protocol/records.js";
import type { Signer } from "#shared/protocol/signer.js";
import { originOf } from "#shared/protocol/succession.js";
import type { FileRequest } from "#shared/replay/source.js";
import { networkInForce } from "#shared/replay/succession.js";
import { openSigner } from "#shared/signing/open-signer.js";
import type { Log } from "#shared/telemetry/log.js";
import { createTelemetry, type Telemetry } from "#shared/telemetry/telemetry.js";
import { joinSignals } from "#shared/util/join-signals.js";
import { verify } from "#shared/wallet/index.js";
import { followModels } from "./agreement/agreed-model.js";
import { agreedNetwork } from "./agreement/agreed-network.js";
import { obtainTexts } from "./agreement/agreed-texts.js";
import { startBlockClock } from "./block-clock.js";
import { openArchive } from "./files/archive.js";
import { createBlobs } from "./files/blobs.js";
import { openEmbargo } from "./files/embargo.js";
import { serveOnKeptPort } from "./files/kept-port.js";
import { ownLocation } from "./files/own-location.js";
import { rankServers, readServers } from "./files/subnet-servers.js";
import { followRoles } from "./hotkey-roles.js";
import { observeDisk } from "./observe/observe-disk.js";
import { observeHead } from "./observe/observe-head.js";
import { showStanding, showSubnet } from "./observe/observe-standing.js";
import { peerClasses } from "./observe/peer-classes.js";
import type { Participant } from "./participant.js";
import { type CommitOnce, commitOnce, type Intentions } from "./writes/commit-once.js";
import { intentionsSchema, openJournal, recent } from "./writes/journal.js";

export type ParticipantConfig = Config<typeof participantSettings>;

export interface JoinOptions {
  readonly config: ParticipantConfig;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Unset: nobody watches. */
  readonly telemetry?: Telemetry | undefined;
}

/**
 * Checks everything that can be checked before any work is done, then sets up wallet, chain, registration, network file, home and blob
 * server.
 * @throws the first problem found, coded.
 */
export const joinNetwork = async (options: JoinOptions): Promise<Participant> => {
  const opened: (() => unknown)[] = [];
  const leave = async () => {
    for (const close of opened.splice(0).reverse()) await close();
  };
  try {
    return { ...(await open(options, (close) => opened.push(close))), leave };
  } catch (thrown) {
    await leave();
    throw thrown;
  }
};

const open = async (
  { config, log, signal: stopping, telemetry: watched }: JoinOptions,
  onLeave: (close: () => unknown) => void,
): Promise<Omit<Participant, "leave">> => {
  const { netuid, wallet, listen } = config;
  const telemetry = watched ?? createTelemetry();
  const { instruments } = telemetry;
  if (config.dry_run && wallet.signer !== undefined) throw dryRunSigned();
  const signer = await openSigner(wallet, log);
  onLeave(() => signer.close());
  const location = ownLocation(config);
  const presence = new AbortController();
  const { signal } = presence;
  onLeave(joinSignals(presence, stopping));
  const onLost = (error: BlockZeroError) => presence.abort(error);
  const keyFolder = keyFolderOf(wallet);
  // Else all of a cycle's work would be done before its first write fails.
  if (!config.dry_run) checkKeyFolder(keyFolder);
  const endpoint = config.chain_endpoint;
  const bare = await connectChain({ endpoint, log, instruments, signal: stopping, onLost, keyFolder });
  onLeave(() => bare.close());
  const connected = observedChain(bare, instruments);
  const chain = config.dry_run ? dryRun(connected, (extrinsic) => log.info(formatExtrinsic(extrinsic))) : connected;
  const uid = await registeredUid(chain, config, signer);
  // A later run must not take the writes of a dry run for real ones.
  const home = joinPath(config.checkpoint_dir, signer.address, config.dry_run ? "dry-run" : "");
  onLeave(lockHome(home));
  const store = directoryStore(joinPath(home, "blobs"), log);
  const clock = await startBlockClock(chain, signal);
  const client = createBlobClient({
    allowPrivateAddresses: config.allow_private_addresses,
    signer,
    log,
    observer: watched && observeFetches(instruments, peerClasses({ chain, clock, netuid })),
  });
  const elsewhere = await openStore(config.store, process.env);
  const blobs = await createBlobs(store, client, config.checkpoint_keep_top_k, {
    quota: config.cache_gib * 2 ** 30,
    instruments: watched && instruments,
    archive:
      elsewhere === null
        ? undefined
        : openArchive({ local: store, remote: elsewhere, queue: joinPath(home, "archive.json"), log }),
  });
  const agreed = await agreedNetwork({
    chain,
    netuid,
    file: config.network,
    fetch: (file) => blobs.get({ ...file, signal }),
  });
  const servers = async () => rankServers(await readServers(chain, netuid, agreed.phases));
  const published = {
    chain,
    network: agreed,
    networkHash: networkHash(agreed),
    fetch: ({ hash, maxBytes }: FileRequest) => blobs.get({ hash, maxBytes, locations: servers, signal }),
  };
  const { source, next } = await networkInForce(published, clock.head.number + 1);
  if (next?.problem)
    log.error("the published network file takes no effect", { network: next.source.networkHash, reason: next.problem });
  const network = await obtainTexts(source.network, { blobs, servers, signal });
  const hash = source.networkHash;
  // Every participant that has joined has the files, and serves them, so the subnet does not depend on the owner's server.
  for (const file of [agreed, network]) {
    const own = networkBytes(file);
    await blobs.put(own);
    await blobs.pin({ hash: networkHash(file), maxBytes: own.length, locations: [], signal });
  }
  // Cycle numbers are comparable only within networks that succeed one another.
  const state = joinPath(home, shortHash(originOf(network, hash)));
  if (watched) {
    observeHead(clock, telemetry, signal, { phases: network.phases });
    onLeave(observeDisk(home, instruments));
  }
  const embargo = openEmbargo(joinPath(state, "embargo.json"), () => clock.head.number);
  const intentions = openIntentions(joinPath(state, "intentions.json"));
  const showFigures = async (metagraph: Metagraph): Promise<void> => {
    try {
      const parameters = await chain.hyperParameters(netuid);
      showSubnet(metagraph, parameters, instruments);
      showStanding(metagraph, parameters, signer.address, instruments);
    } catch (thrown) {
      instruments.add("blockzero_chain_state_failures_total", 1);
      log.debug("the subnet's figures not read", { reason: reasonOf(thrown) });
    }
  };
  const server = await serveOnKeptPort(listen, joinPath(home, "port"), {
    store: elsewhere === null ? store : layeredSource(store, elsewhere),
    visible: embargo.isLifted,
    origin: location,
    admission: {
      verify,
      roleOf: await followRoles({ chain, clock, netuid, log, signal, onRead: watched && showFigures }),
      serveStrangers: listen.strangers,
      perHotkey: listen.requests_per_minute,
      perAddress: listen.stranger_requests_per_minute,
      nonceMark: openNonceMark(joinPath(home, "request-nonce"), log),
    },
    maxConnectionsPerAddress: listen.connections_per_address,
    instruments,
    log,
  });
  onLeave(() => server.close());
  onLeave(() => presence.abort(gone()));
  const context: CommitOnce = { chain, clock, signer, netuid, intentions, instruments, log, signal };
  return {
    chain,
    clock,
    signer,
    uid,
    network,
    networkHash: hash,
    blobs,
    embargo,
    models: followModels({ chain, clock, network, networkHash: hash, blobs, signal }),
    location: location ?? server.url,
    home: state,
    log,
    telemetry,
    signal,
    presence: signal,
    commitOnce: (record) => commitOnce(context, record),
  };
};

/** What a signer signs could be sent, and so takes the place of what is to be sent later. */
const dryRunSigned = (): BlockZeroError =>
  new BlockZeroError(
    "SIGNER_DRY_RUN",
    "a dry run would take the cycle's slots in the signer's journal",
    "run it with a key file (without wallet.signer), or without dry_run",
  );

const gone = (): BlockZeroError =>
  new BlockZeroError("STOPPED", "this presence in the network has ended", "join again to go on");

const registeredUid = async (chain: Chain, { netuid, wallet }: ParticipantConfig, signer: Signer): Promise<number> => {
  const { neurons, ownerHotkey } = await chain.metagraph(netuid);
  if (signer.address === ownerHotkey)
    throw new BlockZeroError(
      "OWNER_HOTKEY",
      `hotkey ${wallet.name}/${wallet.hotkey} owns subnet ${netuid}: its one commitment names the network file`,
      "mine and validate with another hotkey",
    );
  const neuron = neurons.find(({ hotkey }) => hotkey === signer.address);
  if (neuron) return neuron.uid;
  throw new BlockZeroError(
    "HOTKEY_NOT_REGISTERED",
    `hotkey ${wallet.name}/${wallet.hotkey} (${signer.address}) is not registered in subnet ${netuid}`,
    `register it: blockzero register --netuid ${netuid} --wallet.name ${wallet.name} --wallet.hotkey ${wallet.hotkey}`,
  );
};

const openIntentions = (path: string): Intentions => {
  const journal = openJournal(path, intentionsSchema);
  return {
    intend(key, data) {
      const known = journal.value[key];
      if (known !== undefined) return known;
      journal.update((intentions) => ({ ...recent(intentions), [key]: data }));
      return data;
    },
  };
};
