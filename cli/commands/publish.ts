import { join } from "node:path";
import { planChange } from "#owner/network/network-change.js";
import { networkText } from "#owner/network/network-template.js";
import { checkComplete } from "#owner/publish/complete.js";
import { formerNetwork } from "#owner/publish/former-network.js";
import { checkOwner, commitUnlessThere, refuseEarly, refuseLate, refuseShort } from "#owner/publish/network-record.js";
import { observePublishing } from "#owner/publish/observe-publishing.js";
import { pinnedNetwork } from "#owner/publish/pinned-network.js";
import { EVERYBODY } from "#shared/blobs/admission.js";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { setCommitment } from "#shared/chain/call.js";
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
import { networkBytes, networkHash } from "#shared/protocol/network.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { openSigner } from "#shared/signing/open-signer.js";
import { OFF } from "#shared/telemetry/listen-address.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { openTelemetry } from "#shared/telemetry/open-telemetry.js";
import { verify } from "#shared/wallet/index.js";
import { confirm } from "../confirm.js";
import { inHome } from "../in-home.js";
import { announceSettings, chainSettings, writerSettings } from "../settings.js";

const settings = defineConfig({
  ...chainSettings,
  ...writerSettings,
  ...announceSettings,
  "metrics.listen": metricsSetting("127.0.0.1:9703"),
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
  const owner = await openSigner(wallet, log);
  const telemetry = await openTelemetry({
    role: "owner",
    version: packageInfo.version,
    listen: dryRun ? OFF : config.metrics.listen,
    log,
  });
  const { instruments } = telemetry;
  const keyFolder = keyFolderOf(wallet);
  const bare = await connectChain({ endpoint, log, instruments, signal, keyFolder });
  const chain = observedChain(bare, instruments);
  try {
    await checkOwner(chain, written.netuid, owner);
    const client = createBlobClient({ allowPrivateAddresses: config.allow_private_addresses, log });
    const former = await formerNetwork(written, { store, client, chain, signal });
    let network = written;
    if (former === null) await refuseEarly(chain, written);
    if (former !== null && networkHash(former) !== networkHash(written)) {
      const plan = async () => {
        const head = (await chain.head()).number;
        return { head, ...planChange({ former, next: written, head, fromCycle }) };
      };
      const say = (line: string) => (json ? console.error : console.log)(line);
      let planned = await plan();
      for (const line of planned.says) say(line);
      if (!yes && !dryRun) {
        await confirm("Publish it?", signal);
        const asked = planned;
        // Whoever was asked may have taken cycles to answer.
        planned = await plan();
        if (planned.network.first_cycle !== asked.network.first_cycle)
          say(`it holds from cycle ${planned.network.first_cycle} on: others began meanwhile`);
      }
      ({ network } = planned);
      if (!dryRun && network.succeeds) refuseShort(network, former, planned.head);
    }
    const hash = networkHash(network);
    if (!dryRun) {
      // First what it refers to, then what refers to it.
      await store.put(networkBytes(network));
      if (hash !== networkHash(written)) writeFileAtomic(file, networkText(network));
    }
    const clock = await startBlockClock(chain, signal);
    const server = await serveOnKeptPort(listen, join(home, "port"), {
      store,
      visible: () => true,
      // The subnet's own come before strangers, who may be many.
      admission: {
        ...EVERYBODY,
        verify,
        roleOf: await followRoles({ chain, clock, netuid: network.netuid, log, signal }),
      },
      instruments,
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
      await observePublishing({ chain, network, hash, home, telemetry, log, signal });
      await untilAborted(signal);
    } finally {
      await server.close();
    }
  } finally {
    await chain.close();
    await telemetry.close();
  }
};
