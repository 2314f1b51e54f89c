import { join } from "node:path";
import { networkText } from "#owner/network/network-template.js";
import { checkComplete } from "#owner/publish/complete.js";
import { checkOwner, commitUnlessThere, refuseLate } from "#owner/publish/network-record.js";
import { networkToPublish, type ToPublish } from "#owner/publish/network-to-publish.js";
import { observePublishing } from "#owner/publish/observe-publishing.js";
import { pinnedNetwork } from "#owner/publish/pinned-network.js";
import { EVERYBODY } from "#shared/blobs/admission.js";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import type { BlobServer } from "#shared/blobs/blob-server.js";
import { directoryStore, type LocalStore } from "#shared/blobs/blob-store.js";
import { setCommitment } from "#shared/chain/call.js";
import type { Chain } from "#shared/chain/chain.js";
import { connectChain } from "#shared/chain/connect.js";
import { observedChain } from "#shared/chain/observed-chain.js";
import { formatExtrinsic } from "#shared/chain/writer/dry-run.js";
import { keyFolderOf } from "#shared/chain/writer/key-lock.js";
import { settingsAmong } from "#shared/cli/config-flags.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import { packageInfo } from "#shared/cli/package-info.js";
import { printFields } from "#shared/cli/print.js";
import { type CommandSpec, untilAborted } from "#shared/cli/program.js";
import { metricsSetting } from "#shared/config/common.js";
import { addFlags } from "#shared/config/flags.js";
import { loadNetwork } from "#shared/config/load-network.js";
import { defineConfig } from "#shared/config/settings.js";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import { startBlockClock } from "#shared/participant/block-clock.js";
import { serveOnKeptPort } from "#shared/participant/files/kept-port.js";
import { ownLocation } from "#shared/participant/files/own-location.js";
import { followRoles } from "#shared/participant/hotkey-roles.js";
import { type Network, networkBytes, networkHash } from "#shared/protocol/network.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import type { Signer } from "#shared/protocol/signer.js";
import { openSigner } from "#shared/signing/open-signer.js";
import { OFF } from "#shared/telemetry/listen-address.js";
import type { Log } from "#shared/telemetry/log.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { openTelemetry } from "#shared/telemetry/open-telemetry.js";
import type { Telemetry } from "#shared/telemetry/telemetry.js";
import { verify } from "#shared/wallet/index.js";
import { confirm } from "../confirm.js";
import { inHome } from "../in-home.js";
import { announceSettings, chainSettings, logSettings, writerSettings } from "../settings.js";

const settings = defineConfig({
  ...chainSettings,
  ...writerSettings,
  ...announceSettings,
  "metrics.listen": metricsSetting("127.0.0.1:9703"),
  ...logSettings,
});

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
        await inHome(home, (signal) =>
          serve(home, settingsAmong(settings, options), { dryRun, fromCycle, yes, json, signal }),
        );
      });
  },
};

interface Asked {
  readonly dryRun: boolean;
  readonly fromCycle: number | undefined;
  readonly yes: boolean;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

type Config = ReturnType<typeof settingsAmong<typeof settings>>;

/** What is open while a network is published. */
interface Publishing extends Asked {
  readonly home: string;
  readonly config: Config;
  /** Where others find the files; unset: at the server's own address. */
  readonly announced: string | undefined;
  readonly log: Log;
  readonly store: LocalStore;
  readonly owner: Signer;
  readonly telemetry: Telemetry;
  readonly chain: Chain;
}

const serve = async (home: string, config: Config, asked: Asked): Promise<void> => {
  const { wallet } = config;
  const announced = ownLocation(config);
  const log = createLogger({ name: "publish", ...config.log });
  const store = directoryStore(join(home, "blobs"), log);
  const written = await pinnedNetwork(store, loadNetwork(fileIn(home)));
  await checkComplete(store, written, home);
  const owner = await openSigner(wallet, log);
  const telemetry = await openTelemetry({
    role: "owner",
    version: packageInfo.version,
    listen: asked.dryRun ? OFF : config.metrics.listen,
    log,
  });
  const { instruments } = telemetry;
  const chain = observedChain(
    await connectChain({
      endpoint: config.chain_endpoint,
      log,
      instruments,
      signal: asked.signal,
      keyFolder: keyFolderOf(wallet),
    }),
    instruments,
  );
  try {
    await publishWritten({ ...asked, home, config, announced, log, store, owner, telemetry, chain }, written);
  } finally {
    await chain.close();
    await telemetry.close();
  }
};

const publishWritten = async (publishing: Publishing, written: Network): Promise<void> => {
  const { dryRun, announced, owner, chain, signal } = publishing;
  await checkOwner(chain, written.netuid, owner);
  const toPublish = await decide(publishing, written);
  const { network } = toPublish;
  if (!dryRun) await keep(publishing, written, network);
  const server = await serveFiles(publishing, network.netuid);
  try {
    const location = announced ?? server.url;
    if (dryRun) await showUnsent(publishing, network, location);
    else {
      await announce(publishing, toPublish, location);
      await untilAborted(signal);
    }
  } finally {
    await server.close();
  }
};

/** Says what a change does, and asks whether it is to be published. */
const decide = (
  { config, store, chain, fromCycle, dryRun, yes, json, log, signal }: Publishing,
  written: Network,
): Promise<ToPublish> =>
  networkToPublish(written, {
    store,
    client: createBlobClient({ allowPrivateAddresses: config.allow_private_addresses, log }),
    chain,
    signal,
    fromCycle,
    isDryRun: dryRun,
    say: json ? console.error : console.log,
    confirm: yes || dryRun ? undefined : () => confirm("Publish it?", signal),
  });

/** First what it refers to, then what refers to it. */
const keep = async ({ home, store }: Publishing, written: Network, network: Network): Promise<void> => {
  await store.put(networkBytes(network));
  if (networkHash(network) !== networkHash(written)) writeFileAtomic(fileIn(home), networkText(network));
};

const fileIn = (home: string): string => join(home, "network.yaml");

const serveFiles = async (
  { home, config, announced, store, telemetry, chain, log, signal }: Publishing,
  netuid: number,
): Promise<BlobServer> => {
  const clock = await startBlockClock(chain, signal);
  return serveOnKeptPort(config.listen, join(home, "port"), {
    store,
    visible: () => true,
    // The subnet's own come before strangers, who may be many.
    admission: { ...EVERYBODY, verify, roleOf: await followRoles({ chain, clock, netuid, log, signal }) },
    instruments: telemetry.instruments,
    log,
    origin: announced,
  });
};

const recordOf = (hash: string, location: string): string =>
  encodeRecord({ type: "network", network: shortHash(hash), hash, location });

const showUnsent = async ({ chain, owner, json }: Publishing, network: Network, location: string): Promise<void> => {
  const record = recordOf(networkHash(network), location);
  const extrinsic = await chain.prepare(setCommitment(network.netuid, record), owner);
  if (json) printJson({ notSent: extrinsic });
  else console.log(formatExtrinsic(extrinsic));
};

/** Puts the owner's record on chain, unless it is there, and shows from then on whether it is in force. */
const announce = async (
  { chain, owner, json, home, telemetry, log, signal }: Publishing,
  { network, former }: ToPublish,
  location: string,
): Promise<void> => {
  const { name, netuid } = network;
  const hash = networkHash(network);
  const block = await commitUnlessThere(chain, netuid, recordOf(hash, location), owner);
  refuseLate(network, former, block);
  if (json) printJson({ network: name, hash, netuid, block, serving: location });
  else printFields({ network: name, hash, subnet: netuid, block, serving: location });
  await observePublishing({ chain, network, hash, home, telemetry, log, signal });
};
