import { tmpdir } from "node:os";
import { join } from "node:path";
import { Option } from "commander";
import { z } from "zod";
import { type BlobStore, directoryStore } from "#shared/blobs/blob-store.js";
import { type Flags, flagsAmong, loadProgramConfig } from "#shared/cli/config-flags.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { participantSettings } from "#shared/config/common.js";
import { type Config, defineConfig, setting } from "#shared/config/settings.js";
import { pinnedTokenizer } from "#shared/data/pinned-tokenizer.js";
import { type DeviceChoice, deviceChoices } from "#shared/engine/runtime/device-choice.js";
import { hasCode } from "#shared/errors/error.js";
import { ownHome } from "#shared/files/own-home.js";
import { pinnedTexts } from "#shared/packs/pinned-text.js";
import type { Signer } from "#shared/protocol/signer.js";
import { originOf } from "#shared/protocol/succession.js";
import type { FileRequest } from "#shared/replay/source.js";
import { openSigner, type WalletSettings } from "#shared/signing/open-signer.js";
import { blobFolders } from "#shared/subnet/blob-folders.js";
import type { OpenedSubnet } from "#shared/subnet/open-subnet.js";
import { subnetWithTexts } from "#shared/subnet/texts.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { minerSettings } from "../config.js";
import { openOwnSubnet } from "../own-subnet.js";
import { checkName, findArtifact } from "./artifact.js";
import { describeScore } from "./text.js";

const { chain_endpoint, netuid, network, checkpoint_dir, threads, dry_run, allow_private_addresses } =
  participantSettings;

/** Of the miner's own settings those that are read, so that its file serves; a manifest may say the group. */
const scoreSettings = defineConfig({
  chain_endpoint,
  netuid,
  network,
  "wallet.name": participantSettings["wallet.name"],
  "wallet.hotkey": participantSettings["wallet.hotkey"],
  "wallet.path": participantSettings["wallet.path"],
  "wallet.signer": participantSettings["wallet.signer"],
  "wallet.signer_token": participantSettings["wallet.signer_token"],
  "wallet.signer_certificate": participantSettings["wallet.signer_certificate"],
  checkpoint_dir,
  threads,
  dry_run,
  allow_private_addresses,
  "log.level": participantSettings["log.level"],
  "log.format": participantSettings["log.format"],
  expert_group: setting({
    schema: z.string().min(1).optional(),
    allowed: "the name of a group of the network file",
    describe: "The expert group to reveal for. Unset, the artifact's own.",
  }),
});

const DRAWS = 3;
const MAX_DRAWS = 1000;
const NOT_PAID = 1;

export const scoreCommand: CommandSpec = {
  name: "score",
  description:
    "puts an update through a validator's gates and scoring before anything is paid; exit status 1 says that it would earn nothing",
  examples: [
    "blockzero-miner score --config miner.yaml",
    "blockzero-miner score 7 --config miner.yaml --draws 10 --json",
    "blockzero-miner score update.safetensors --config miner.yaml",
    "blockzero-miner score --config miner.yaml --dry_run",
    "blockzero-miner score --config .blockzero/localnet/configs/prose-1.yaml --home .blockzero/localnet",
  ],
  define: (command) => {
    command
      .argument(
        "[artifact]",
        "a file (a signed manifest, or tensors alone), an artifact's hash, or a cycle that this miner trained in; unset: its newest",
      )
      .option("--draws <n>", "evaluations with seeds of our own", wholeNumber(1, MAX_DRAWS), DRAWS)
      .option(
        "--cycle <n>",
        "the cycle to submit it in; unset: the manifest's own, else the one whose commits are open",
        wholeNumber(0),
      )
      // No setting: the file says what the miner trains on.
      .addOption(
        new Option("--device <name>", "what to judge on: validators take the CPU, since others may hide a NaN")
          .choices(deviceChoices)
          .default("cpu"),
      )
      .option("--home <dir>", "a localnet's home: chain and files are read there, and nobody is asked")
      .option("--json", "print one JSON object");
    flagsAmong(command, scoreSettings, "a miner", minerSettings).action(
      async (artifact: string | undefined, { draws, cycle, home, device, json, ...flags }: Options & Flags) => {
        const config = loadProgramConfig(scoreSettings, flags, minerSettings);
        const report = await run(config, { artifact, draws, cycle, home, device });
        console.log(json ? JSON.stringify(report) : describeScore(report));
        if (report.verdict !== "scored" || !((report.expected?.score ?? 0) > 0)) process.exitCode = NOT_PAID;
      },
    );
  },
};

interface Options {
  readonly draws: number;
  readonly cycle?: number;
  readonly home?: string;
  readonly device: DeviceChoice;
  readonly json?: boolean;
}

interface Wanted extends Pick<Options, "draws" | "device"> {
  readonly artifact: string | undefined;
  readonly cycle: number | undefined;
  readonly home: string | undefined;
}

const run = async (config: Config<typeof scoreSettings>, wanted: Wanted) => {
  const { artifact, draws, cycle, home } = wanted;
  const log = createLogger({ name: "score", ...config.log });
  const signal = shutdownSignal();
  checkName(artifact);
  const hotkey = await ownHotkey(config.wallet);
  const folder = home ?? config.checkpoint_dir;
  const cache = join(config.checkpoint_dir, "score");
  const subnet = await openOwnSubnet(config, home, {
    signer: hotkey ?? undefined,
    ...(home === undefined && { cache }),
    log,
    signal,
  });
  try {
    // Loaded only now, so that a wrong setting is told at once.
    const { openDevice } = await import("#shared/engine/runtime/open-device.js");
    const { evaluationMemory } = await import("#shared/evaluation/evaluation-memory.js");
    const { scoreArtifact } = await import("./score.js");
    const { network, networkHash } = subnet.source;
    const miner = hotkey && { address: hotkey.address, network: originOf(network, networkHash) };
    const folders =
      config.dry_run && miner !== null ? [join(ownHome(folder, miner.address, true), "blobs")] : blobFolders(folder);
    const local = await findArtifact(artifact, { folders, miner, isDry: config.dry_run });
    const { source, files, asked } = remembering(await subnetWithTexts(subnet));
    for (const { sha256 } of [...pinnedTexts(source.network), ...pinnedTokenizer(source.network)]) asked.add(sha256);
    const device = () => openDevice({ device: wanted.device, threads: config.threads, log });
    const report = await scoreArtifact(
      { ...subnet, source, files },
      {
        ...{ local, hotkey, group: config.expert_group, cycle },
        ...{ draws, device, memory: evaluationMemory(0), folder: tmpdir(), signal },
      },
    );
    if (home === undefined) await keepOnly(directoryStore(cache, log), asked);
    return report;
  } finally {
    await subnet.close();
  }
};

/** The parts of a model that the miner does not hold are fetched once for all scores of a cycle, and go when they are not asked for. */
const remembering = ({ source, files }: Pick<OpenedSubnet, "source" | "files">) => {
  const asked = new Set<string>();
  const remember = (file: FileRequest): FileRequest => {
    asked.add(file.hash);
    return file;
  };
  const { fetch, open } = source;
  return {
    asked,
    source: {
      ...source,
      fetch: (file: FileRequest) => fetch(remember(file)),
      open: (file: FileRequest) => open(remember(file)),
    },
    files: { ...files, locate: (file: FileRequest) => files.locate(remember(file)) },
  };
};

const keepOnly = async (cache: BlobStore, hashes: ReadonlySet<string>): Promise<void> => {
  for await (const hash of cache.list()) if (!hashes.has(hash)) await cache.delete(hash);
};

/** Null where there is none: a file can be scored without. */
const ownHotkey = async (wallet: WalletSettings): Promise<Signer | null> => {
  try {
    return await openSigner(wallet);
  } catch (thrown) {
    if (hasCode(thrown, "WALLET_NOT_FOUND")) return null;
    throw thrown;
  }
};
