import { openOwnDocuments } from "#datasets/own-documents.js";
import { type Flags, flagsAmong, loadProgramConfig } from "#shared/cli/config-flags.js";
import { heatMapPage } from "#shared/cli/heat-map-page.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { participantSettings } from "#shared/config/common.js";
import { type Config, defineConfig } from "#shared/config/settings.js";
import { openTokenizer } from "#shared/data/open-tokenizer.js";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import { mapCheckpoint } from "#shared/model/checkpoint.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { modelConfigOf, type Network } from "#shared/protocol/network.js";
import { baseModelHash } from "#shared/replay/base-model-hash.js";
import { mapWholeModel, readModelManifest } from "#shared/replay/whole-model.js";
import { subnetWithTexts } from "#shared/subnet/texts.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { minerSettings } from "../config.js";
import { networkBeside, openOwnSubnet } from "../own-subnet.js";
import { type Crowding, readCrowding } from "./crowding.js";
import { groupAffinity } from "./group-affinity.js";
import { affinityMap, describeAffinity } from "./text.js";

const { chain_endpoint, netuid, network, checkpoint_dir, threads, allow_private_addresses } = participantSettings;

/** Of the miner's own settings those that are read, so that its file serves. */
const affinitySettings = defineConfig({
  chain_endpoint,
  netuid,
  network,
  checkpoint_dir,
  threads,
  allow_private_addresses,
  "log.level": participantSettings["log.level"],
  "log.format": participantSettings["log.format"],
});

interface Options {
  readonly data: string;
  readonly documents: number;
  readonly home?: string;
  readonly from?: string;
  readonly html?: string | undefined;
  readonly json?: boolean | undefined;
}

/** What the text is measured with. */
interface Subject {
  readonly network: Network;
  /** Where it lies; the files stay until it has been measured. */
  readonly model: ModelTensors;
  readonly crowding: ReadonlyMap<string, Crowding> | null;
}

const DOCUMENTS = 200;
const BATCH = 4;

export const affinityCommand: CommandSpec = {
  name: "affinity",
  description:
    "says which expert group fits a text: how much of it the model's routers send to each group's experts, and how many train there",
  examples: [
    "blockzero-miner affinity --data mine.jsonl --config miner.yaml",
    "blockzero-miner affinity --data mine.jsonl --network network.yaml --from exported-model --html mine.html",
    "blockzero-miner affinity --data mine.jsonl --config .blockzero/localnet/configs/prose-1.yaml --home .blockzero/localnet",
  ],
  define: (command) => {
    command
      .requiredOption("--data <file>", "the text: jsonl with one document a line")
      .option("--documents <n>", "documents that are read at most, drawn at random", wholeNumber(1), DOCUMENTS)
      .option("--home <dir>", "a localnet's home: chain and files are read there, and nobody is asked")
      .option(
        "--from <dir>",
        "an exported model, with --network; no chain is asked, so that nothing is said of crowding",
      )
      .option("--html <file>", "write the heat map as a page")
      .option("--json", "print one JSON object");
    flagsAmong(command, affinitySettings, "a miner", minerSettings).action(
      async ({ data, documents, home, from, html, json, ...flags }: Options & Flags) => {
        const config = loadProgramConfig(affinitySettings, flags, minerSettings);
        const signal = shutdownSignal();
        const tell = (subject: Subject) => say(subject, config, { data, documents, html, json, signal });
        await (from === undefined ? ofSubnet(config, home, signal, tell) : tell(await ofFolder(config, from)));
      },
    );
  },
};

const say = async (
  { network, model, crowding }: Subject,
  { threads }: Config<typeof affinitySettings>,
  {
    data,
    documents,
    html,
    json,
    signal,
  }: Pick<Options, "data" | "documents" | "html" | "json"> & {
    readonly signal: AbortSignal;
  },
): Promise<void> => {
  // Loaded only now, so that a wrong setting is told at once.
  const { onnxCpu } = await import("#shared/engine/runtime/onnx-cpu.js");
  const { heldIfItFits } = await import("#shared/evaluation/evaluation-memory.js");
  const { createRoutingMeter } = await import("#shared/evaluation/routing-meter.js");
  const source = openOwnDocuments(data, openTokenizer(network.data));
  const meter = createRoutingMeter(onnxCpu({ threads }), network.model, {
    batchSize: BATCH,
    sequenceLength: network.data.sequence_length,
    model: () => heldIfItFits(model),
    signal,
  });
  const affinity = await groupAffinity(meter, network, { source, documents }).finally(() => meter.dispose());
  const map = affinityMap(affinity, network, meter.layers);
  console.log(
    json
      ? JSON.stringify({ ...affinity, layers: meter.layers, crowding: crowding && Object.fromEntries(crowding) })
      : describeAffinity(affinity, crowding, map),
  );
  if (html !== undefined) writeFileAtomic(html, heatMapPage("Experts that a text uses", [map]));
};

const ofFolder = async (config: Config<typeof affinitySettings>, dir: string): Promise<Subject> => {
  const network = networkBeside(config);
  const { model } = await mapCheckpoint(dir, modelConfigOf(network));
  return { network, model, crowding: null };
};

/** The model that the newest cycle begins from. */
const ofSubnet = async (
  config: Config<typeof affinitySettings>,
  home: string | undefined,
  signal: AbortSignal,
  tell: (subject: Subject) => Promise<void>,
): Promise<void> => {
  const subnet = await openOwnSubnet(config, home, {
    log: createLogger({ name: "affinity", ...config.log }),
    signal,
  });
  try {
    const { source, files, head, first, last } = await subnetWithTexts(subnet);
    const hash = await baseModelHash(source, Math.max(first, last + 1), head);
    const model = await mapWholeModel(source, files.locate, await readModelManifest(source, hash));
    await tell({ network: source.network, model, crowding: await readCrowding({ source, head, first, last }) });
  } finally {
    await subnet.close();
  }
};
