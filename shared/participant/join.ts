import { join } from "node:path";
import type { Chain } from "#shared/chain/chain.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { lockHome } from "#shared/files/home-lock.js";
import { ownHome } from "#shared/files/own-home.js";
import { shortHash } from "#shared/protocol/records.js";
import type { Signer } from "#shared/protocol/signer.js";
import { originOf } from "#shared/protocol/succession.js";
import { openSigner } from "#shared/signing/open-signer.js";
import type { Log } from "#shared/telemetry/log.js";
import { createTelemetry, type Telemetry } from "#shared/telemetry/telemetry.js";
import { joinSignals } from "#shared/util/join-signals.js";
import { followModels } from "./agreement/agreed-model.js";
import { settledBases, settledBasesSchema } from "./agreement/settled-bases.js";
import { startBlockClock } from "./block-clock.js";
import { openEmbargo } from "./files/embargo.js";
import { removeFormerTraining } from "./files/former-training.js";
import { ownLocation } from "./files/own-location.js";
import { agreeOnNetwork } from "./join/agree-on-network.js";
import { claimHotkey } from "./join/claim-hotkey.js";
import { openParticipantBlobs } from "./join/open-blobs.js";
import { openChain } from "./join/open-chain.js";
import { serveBlobs } from "./join/serve-blobs.js";
import { observeDisk } from "./observe/observe-disk.js";
import { observeHead } from "./observe/observe-head.js";
import type { Participant, ParticipantConfig } from "./participant.js";
import { type CommitOnce, commitOnce, type Intentions } from "./writes/commit-once.js";
import { intentionsSchema, openJournal, recent } from "./writes/journal.js";

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
  const { netuid, wallet } = config;
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
  const chain = await openChain(config, { log, instruments, signal: stopping, onLost });
  onLeave(() => chain.close());
  const uid = await registeredUid(chain, config, signer);
  // A later run must not take the writes of a dry run for real ones.
  const home = ownHome(config.checkpoint_dir, signer.address, config.dry_run);
  onLeave(lockHome(home, onLost));
  if (!config.dry_run) onLeave(claimHotkey(config, { chain, address: signer.address, onLost }));
  const clock = await startBlockClock(chain, signal);
  const base = { chain, clock, signer, log, signal };
  const opened = await openParticipantBlobs(config, home, base, watched?.instruments);
  onLeave(() => opened.close());
  const { blobs } = opened;
  const { network, networkHash } = await agreeOnNetwork(config, home, { ...base, blobs });
  // Cycle numbers are comparable only within networks that succeed one another.
  const origin = shortHash(originOf(network, networkHash));
  const state = join(home, origin);
  if (!config.dry_run) await removeFormerTraining(home, origin, log);
  if (watched) {
    observeHead(clock, telemetry, signal, { phases: network.phases });
    onLeave(observeDisk(home, instruments));
  }
  const embargo = openEmbargo(join(state, "embargo.json"), () => clock.head.number);
  const intentions = openIntentions(join(state, "intentions.json"));
  const settled = settledBases(openJournal(join(state, "agreed.json"), settledBasesSchema, log));
  const serving = { ...base, ...opened, embargo, origin: location, instruments, isWatched: watched !== undefined };
  const server = await serveBlobs(config, home, serving);
  onLeave(() => server.close());
  onLeave(() => presence.abort(gone()));
  const context: CommitOnce = { ...base, netuid, intentions, instruments };
  return {
    ...base,
    uid,
    since: clock.head.number,
    network,
    networkHash,
    blobs,
    embargo,
    models: followModels({ ...base, network, networkHash, blobs, settled }),
    location: location ?? server.url,
    home: state,
    telemetry,
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
