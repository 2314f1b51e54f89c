import type { FloatTensors } from "#shared/artifact/update.js";
import type { DocumentSource } from "#shared/data/source.js";
import type { Device } from "#shared/engine/device.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { sealedTextErrors } from "#shared/errors/sealed-text.js";
import { createLossMeter } from "#shared/evaluation/loss-meter.js";
import type { ModelManifest } from "#shared/protocol/model-manifest.js";
import { openEvaluationText } from "#shared/replay/evaluation-text.js";
import { isGone } from "#shared/replay/is-gone.js";
import { readWholeModel } from "#shared/replay/whole-model.js";
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

/** Measures an update on the whole model, as often as there are draws. */
export const evaluate = async (
  subnet: Pick<OpenedSubnet, "source" | "first" | "last">,
  { group, cycle, model, tensors }: Evaluated,
  {
    draws,
    device,
    signal,
  }: { readonly draws: number; readonly device: () => Promise<Device>; readonly signal: AbortSignal },
): Promise<Pick<ScoreReport, "text" | "draws">> => {
  const { network, networkHash } = subnet.source;
  const { text, sealed } = await evaluationText(subnet, group);
  const parameters = await readWholeModel(subnet.source, model);
  const batchSize = network.scoring.eval_batch_size;
  const meter = await createLossMeter(await device(), network, { batchSize, parameters });
  try {
    const seeds = ownSeeds({ network: networkHash, cycle, group }, draws);
    return {
      text,
      draws: await drawScores(meter, { network, group, model: parameters, tensors, seeds, sealed, signal }),
    };
  } finally {
    await meter.dispose();
  }
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
