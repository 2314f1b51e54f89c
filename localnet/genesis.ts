import type { NetworkTemplate } from "#owner/network/network-template.js";
import type { BlobStore } from "#shared/blobs/blob-store.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { formatDuration } from "#shared/telemetry/progress.js";
import { pretrain } from "#shared/training/pretrain.js";
import type { LocalChainHost } from "./local-chain.js";
import type { LocalnetOptions, Stage } from "./options.js";
import { sealPages } from "./sealed-pages.js";
import { PRETRAINING } from "./training.js";

/** Pretrains the model that the subnet starts from. */
export const pretrainGenesis = async (
  network: NetworkTemplate,
  { genesisSteps, seed, signal }: LocalnetOptions,
  { view }: Stage,
) => {
  const started = performance.now();
  const parameters = await pretrain({
    network,
    device: onnxCpu({ threads: 2 }),
    seed: String(seed),
    steps: genesisSteps,
    ...PRETRAINING,
    signal,
    onStep: (step, loss) =>
      view.progress("pretraining the genesis model", (step + 1) / genesisSteps, `loss ${loss.toFixed(3)}`),
  });
  view.print(`pretrained the genesis model in ${formatDuration(performance.now() - started)}`);
  return parameters;
};

/** The template, with its endless text sealed if the options ask for it. */
export const sealedTemplate = async (
  store: BlobStore,
  template: NetworkTemplate,
  { sealed, cycles }: LocalnetOptions,
  { view, blockTime, host }: Pick<Stage, "view"> & { readonly blockTime: number; readonly host: LocalChainHost },
): Promise<NetworkTemplate> => {
  if (!sealed || !host.beacon) return template;
  const onEnvelope = (done: number, total: number) =>
    view.progress("sealing evaluation text", done / total, `envelope ${done}/${total}`);
  return sealPages(store, template, { beacon: host.beacon, cycles, blockTime, onEnvelope });
};
