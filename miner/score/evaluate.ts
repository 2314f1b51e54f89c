import type { FloatTensors } from "#shared/artifact/update.js";
import type { DocumentSource } from "#shared/data/source.js";
import type { Device } from "#shared/engine/device.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { sealedTextErrors } from "#shared/errors/sealed-text.js";
import { STATES_SHARE, wholeModelBytes } from "#shared/evaluation/evaluation-memory.js";
import { createLayerMeter } from "#shared/evaluation/layers/layer-meter.js";
import { createLossMeter, type LossMeter } from "#shared/evaluation/loss-meter.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import type { ModelManifest } from "#shared/protocol/model-manifest.js";
import { openEvaluationText } from "#shared/replay/evaluation-text.js";
import { isGone } from "#shared/replay/is-gone.js";
import { mapWholeModel, readWholeModel } from "#shared/replay/whole-model.js";
import type { OpenedSubnet } from "#shared/subnet/open-subnet.js";
import { drawScores, ownSeeds } from "./draws.js";
import type { Draw, Gate, ScoreReport } from "./report.js";

export interface Evaluated {
  readonly group: string;
  readonly cycle: number;
  /** The model that the update was trained from. */
  readonly model: ModelManifest;
  readonly tensors: FloatTensors;
}

export interface Measuring {
  readonly draws: number;
  readonly device: () => Promise<Device>;
  /** Bytes. A model that needs more is measured layer by layer, from its files. */
  readonly memory: number;
  /** Where hidden states are that memory has no room for. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

type Subnet = Pick<OpenedSubnet, "source" | "first" | "last"> & {
  readonly files: Pick<OpenedSubnet["files"], "locate">;
};

/** Measures an update on the whole model, as often as there are draws. */
export const evaluate = async (
  subnet: Subnet,
  { group, cycle, model: manifest, tensors }: Evaluated,
  measuring: Measuring,
): Promise<Pick<ScoreReport, "text" | "draws">> => {
  const { network, networkHash } = subnet.source;
  const { draws, signal } = measuring;
  const { text, sealed } = await evaluationText(subnet, group);
  const { meter, model } = await openModel(subnet, manifest, measuring);
  try {
    const seeds = ownSeeds({ network: networkHash, cycle, group }, draws);
    return { text, draws: await drawScores(meter, { network, group, model, tensors, seeds, sealed, signal }) };
  } finally {
    await meter.dispose();
  }
};

/** As validators open it: whole where memory has room for it, else in its files. */
const openModel = async (
  { source, files }: Subnet,
  manifest: ModelManifest,
  { device, memory, folder, signal }: Measuring,
): Promise<{ readonly meter: LossMeter; readonly model: ModelTensors }> => {
  const { network } = source;
  const batchSize = network.scoring.eval_batch_size;
  if (wholeModelBytes(network) > memory) {
    const model = await mapWholeModel(source, files.locate, manifest);
    const layers = { batchSize, memory: STATES_SHARE * memory, folder, signal };
    return { meter: createLayerMeter(await device(), network, layers), model };
  }
  const parameters = await readWholeModel(source, manifest);
  return { meter: await createLossMeter(await device(), network, { batchSize, parameters }), model: parameters };
};

/** What a group is evaluated on: sealed text cannot be read before its time, so the last one that was opened stands for it. */
const evaluationText = async (
  { source, first, last }: Pick<OpenedSubnet, "source" | "first" | "last">,
  group: string,
): Promise<{ readonly text: ScoreReport["text"]; readonly sealed: DocumentSource | null }> => {
  if (!source.network.groups[group]?.sealed) return { text: "held-out", sealed: null };
  try {
    const opened = last < first ? null : await openEvaluationText(source, { group, cycle: last });
    if (opened) return { text: "sealed", sealed: opened.documents };
  } catch (thrown) {
    if (!isGone(thrown) && !isUnopened(thrown)) throw thrown;
  }
  return { text: "held-out in place of sealed", sealed: null };
};

const isUnopened = (thrown: unknown): boolean =>
  thrown instanceof BlockZeroError && Object.hasOwn(sealedTextErrors, thrown.code);

/** The last gate: losses that are numbers. */
export const lossGate = (draws: readonly Draw[]): Gate => {
  const bad = draws.filter(({ verdict }) => verdict === "rejected");
  if (bad.length > 0) {
    const detail = `in ${bad.length} of ${draws.length} draws`;
    return { gate: "loss", status: "failed", reason: "non_finite_loss", detail };
  }
  return draws.every(({ verdict }) => verdict === "scored")
    ? { gate: "loss", status: "passed", reason: null, detail: null }
    : { gate: "loss", status: "unchecked", reason: null, detail: "the base model's own loss is not finite" };
};
