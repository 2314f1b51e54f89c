import type { FloatTensors } from "#shared/artifact/update.js";
import type { Device } from "#shared/engine/device.js";
import { mean } from "#shared/mean.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import { decodeParameters } from "#shared/model/parts.js";
import type { Network } from "#shared/protocol/network.js";
import type { Report } from "#shared/protocol/report.js";
import type { CycleSource } from "#shared/replay/source.js";
import { spreadOf } from "#shared/scoring/proof-of-loss.js";
import { runRace } from "#shared/scoring/racing/race.js";
import { raceRules } from "#shared/scoring/racing/rules.js";
import { createLossMeter, evaluationBatches, type LossMeter, withUpdate } from "#shared/training/loss-meter.js";
import type { EvaluatedCycle } from "./audit-cycle.js";
import type { Findings } from "./findings.js";
import type { Regated } from "./repeats.js";

export interface Reevaluation {
  measure(cycle: EvaluatedCycle, findings: Findings): Promise<void>;
  dispose(): Promise<void>;
}

/**
 * Measures again what the validators measured, and compares.
 *
 * @param tolerance nats per token by which two machines' losses may differ: they add in another order
 */
export const createReevaluation = (device: Device, source: CycleSource, tolerance: number): Reevaluation => {
  const { network } = source;
  let meter: LossMeter | null = null;
  return {
    async measure({ base, seeds, reports, regated }, findings) {
      const model = await wholeModel(source, base.manifest.parts);
      meter ??= await createLossMeter(device, network, {
        batchSize: network.scoring.eval_batch_size,
        parameters: model,
      });
      for (const [group, seed] of Object.entries(seeds)) {
        const batches = evaluationBatches(network, group, seed);
        const losses = memoised(async (update: FloatTensors | null, batch: number) => {
          const [loss] = await meter!.losses(update ? withUpdate(model, update) : model, [batches[batch]!]);
          return loss!;
        });
        for (const report of reports)
          await compareGroup({ group, report, regated, losses }, network, tolerance, findings);
      }
    },
    dispose: async () => meter?.dispose(),
  };
};

type Losses = (update: FloatTensors | null, from: number, to: number) => Promise<readonly number[]>;

/** Each batch is measured once with each update, however many reports ask. */
const memoised = (measure: (update: FloatTensors | null, batch: number) => Promise<number>): Losses => {
  const known = new Map<FloatTensors | null, Map<number, number>>();
  return async (update, from, to) => {
    const of = known.get(update) ?? new Map<number, number>();
    known.set(update, of);
    const losses: number[] = [];
    for (let batch = from; batch < to; batch++) {
      const loss = of.get(batch) ?? (await measure(update, batch));
      of.set(batch, loss);
      losses.push(loss);
    }
    return losses;
  };
};

interface GroupReport {
  readonly group: string;
  readonly report: Report;
  readonly regated: readonly Regated[];
  readonly losses: Losses;
}

/** One validator's measurements of one group, and its scores where its race took the same course as here. */
const compareGroup = async (
  { group, report, regated, losses }: GroupReport,
  network: Network,
  tolerance: number,
  findings: Findings,
): Promise<void> => {
  const differ = (said: number | null, found: number) => !(Math.abs((said ?? Number.NaN) - found) <= tolerance);
  const said = (uid: number, what: string) => findings.diverges(`report of ${report.validator} on uid ${uid}: ${what}`);
  const baseline = report.baseline[group];
  if (baseline !== undefined) {
    const loss = mean(await losses(null, 0, baseline.batches));
    if (differ(baseline.loss, loss))
      findings.diverges(
        `report of ${report.validator}: the base's loss on "${group}" is ${baseline.loss}, here ${loss}`,
      );
  }
  const raced = regated.flatMap(({ submission: { uid }, result }) => {
    const entry = report.entries.find((entry) => entry.uid === uid);
    if (!result?.ok || result.update.group !== group || !entry || entry.reason === "duplicate") return [];
    return [{ entry, tensors: result.update.tensors }];
  });
  const race = await runRace({
    contenders: raced,
    rules: raceRules(network.scoring),
    before: (from, to) => losses(null, from, to),
    after: ({ tensors }, from, to) => losses(tensors, from, to),
    isTimeUp: () => false,
  });
  for (const contender of raced) {
    const { entry, tensors } = contender;
    if (entry.verdict !== "scored") continue;
    const batches = Math.min(entry.batches ?? 0, network.scoring.eval_batches);
    const [before, after] = [await losses(null, 0, batches), await losses(tensors, 0, batches)];
    const { mean: reduction } = spreadOf(before.map((loss, i) => loss - after[i]!));
    if (differ(entry.lossReduction, reduction))
      said(entry.uid, `it lowers the loss by ${entry.lossReduction}, here by ${reduction}`);
    const here = race.results.get(contender);
    if (here?.verdict === "scored" && here.batches === batches && differ(entry.score, here.score))
      said(entry.uid, `its score is ${entry.score}, here ${here.score}`);
  }
};

const wholeModel = async (
  source: CycleSource,
  parts: EvaluatedCycle["base"]["manifest"]["parts"],
): Promise<Parameters> => {
  const { network } = source;
  const read = async ({ hash, bytes }: { hash: string; bytes: number }, shapes: Record<string, readonly number[]>) =>
    decodeParameters(await source.fetch({ hash, maxBytes: bytes }), shapes, `part ${hash}`);
  const hub = await read(parts.hub, hubShapes(network.model, network.groups));
  const groups = await Promise.all(
    Object.entries(network.groups).map(([name, group]) =>
      read(parts.groups[name]!.weights, groupShapes(network.model, group)),
    ),
  );
  return Object.assign({}, hub, ...groups);
};
