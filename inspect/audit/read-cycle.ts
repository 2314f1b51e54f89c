import { valueText } from "#shared/beacon/value-text.js";
import type { Model } from "#shared/merge/merge-model.js";
import { groupShapeMap } from "#shared/model/groups.js";
import { openPart } from "#shared/parts/open-part.js";
import { type BlobRef, blobsOf } from "#shared/protocol/model-manifest.js";
import type { Report } from "#shared/protocol/report.js";
import { evaluationSeeds } from "#shared/replay/evaluation-seeds.js";
import { fetchReport } from "#shared/replay/fetch-report.js";
import { type GateBase, type GateResult, gateSubmission } from "#shared/replay/gate-submission.js";
import type { ExchangedReport, ReportedCycle } from "#shared/replay/reports.js";
import { blobsFrom, type CycleSource } from "#shared/replay/source.js";
import { readSubmissions } from "#shared/replay/submissions.js";
import { mapLimited } from "#shared/util/map-limited.js";
import { percent } from "#shared/util/percent.js";
import type { Findings } from "./findings.js";
import { isMissing, missing, naming, orNull } from "./missing.js";
import { glance } from "./model-files.js";
import type { Regated } from "./repeats.js";

/** Submissions fetched at the same time. A stalling server then blocks one of these, not the whole audit. */
const SUBMISSIONS_AT_ONCE = 32;

/**
 * What the gates need from the base: the weights of every group. The base's other parts are only checked for a sound copy.
 *
 * @param signal ends it before the next tensor, with its reason
 */
export const readGateBase = async (
  source: CycleSource,
  { hash, manifest }: Model,
  findings: Findings,
  signal?: AbortSignal,
): Promise<GateBase> => {
  const { network } = source;
  const groups = new Map<string, { readonly norm: number }>();
  for (const name of Object.keys(network.groups)) {
    const parts = manifest.parts.groups[name];
    if (!parts) throw missing(`model ${hash} has no group "${name}"`);
    const shapes = groupShapeMap(network, name);
    const what = `group ${name} of model ${hash}`;
    const open = (blob: BlobRef) => naming(what, blobsFrom(source)(blob));
    const weights = await openPart(open, parts.weights, shapes, what);
    groups.set(name, { norm: await weights.norm(signal).finally(weights.close) });
    if (parts.momentum) for (const blob of blobsOf(parts.momentum)) await glance(source, blob);
  }
  const glances = [];
  for (const blob of blobsOf(manifest.parts.hub)) glances.push(await glance(source, blob));
  if (!glances.every(Boolean))
    findings.note("the hub cannot be had: no cycle changes it, so nothing was recomputed from it");
  return { hash, groups };
};

export const readReports = async (
  source: CycleSource,
  {
    cycle,
    seeds,
    committed,
  }: Pick<ReportedCycle, "cycle" | "seeds"> & { readonly committed: readonly ExchangedReport[] },
  findings: Findings,
): Promise<{ readonly reports: readonly Report[]; readonly isComplete: boolean }> => {
  const reports: Report[] = [];
  let isComplete = true;
  for (const one of committed) {
    const { hash, hotkey, counts, heldBy } = one;
    if (!counts) {
      findings.note(
        `report ${hash} of ${hotkey} does not count: validators with ${percent(heldBy)} of the stake hold it`,
      );
      continue;
    }
    try {
      const { report, problem } = await fetchReport(source, one, { cycle, seeds });
      if (report === null) findings.note(`report ${hash} of ${hotkey} does not count: ${problem}`);
      else if (problem === null) reports.push(report);
      else
        findings.diverges(
          `report of ${hotkey} does not count, though most of the stake says that it holds it: ${problem}`,
        );
    } catch (thrown) {
      if (!isMissing(thrown)) throw thrown;
      findings.lacks(`report of ${hotkey}: ${thrown.message}`);
      isComplete = false;
    }
  }
  return { reports, isComplete };
};

export const readSeeds = async (source: CycleSource, cycle: number, findings: Findings) => {
  const { origin, value, ofGroups } = await evaluationSeeds(source, { cycle, purpose: "evaluate" });
  if (origin === "blocks" && source.network.beacon)
    findings.note("the chain had no pulse of the beacon in time: the evaluation seed is made of block hashes");
  if (value !== null) findings.note(`beacon: ${valueText(value)}`);
  return ofGroups;
};

/** A file that is not available is no finding here. If the submission counted, the merge will need the file and report it. */
export const regate = async (source: CycleSource, cycle: number, base: GateBase): Promise<readonly Regated[]> =>
  mapLimited(await readSubmissions(source, cycle), SUBMISSIONS_AT_ONCE, async (submission) => {
    const result: GateResult | null = await gateSubmission(source, submission, { base, cycle }).catch(orNull);
    return { submission, result, isRepeated: false };
  });
