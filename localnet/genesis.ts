import type { NetworkTemplate } from "#owner/network/network-template.js";
import type { BlobStore } from "#shared/blobs/blob-store.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { formatDuration } from "#shared/telemetry/progress.js";
import { pretrain } from "#shared/training/pretrain.js";
import { upcycle } from "#shared/training/upcycle.js";
import type { LocalChainHost } from "./local-chain.js";
import type { LocalnetOptions, Stage } from "./options.js";
import { sealPages } from "./sealed-pages.js";
import { PRETRAINING, ROUTERS } from "./training.js";

/** The model that the subnet starts from: pretrained, or of a dense checkpoint whose routers are trained. */
export const makeGenesis = async (
  network: NetworkTemplate,
  { genesisSteps, seed, signal, checkpoint }: LocalnetOptions,
  { view }: Stage,
) => {
  const started = performance.now();
  const device = onnxCpu({ threads: 2 });
  const training = { network, device, seed: String(seed), steps: genesisSteps, signal };
  const what = checkpoint ? "training the routers" : "pretraining the genesis model";
  view.print(`${what}: ${genesisSteps} steps; compiling the first takes a while`);
  const show = (step: number, figure: string) => view.progress(what, (step + 1) / genesisSteps, figure);
  const parameters = checkpoint
    ? await upcycle(checkpoint, {
        ...training,
        ...ROUTERS,
        onStep: (step, mass) => show(step, `${(100 * mass).toFixed(1)} % of the mass on a group's own experts`),
      })
    : await pretrain({
        ...training,
        ...PRETRAINING,
        onStep: (step, loss) => show(step, `loss ${loss.toFixed(3)}`),
      });
  view.print(`${what} took ${formatDuration(performance.now() - started)}`);
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
