import { type BlockZeroError, hasCode } from "#shared/errors/error.js";
import { type Model, mergeModel } from "#shared/merge/merge-model.js";
import type { Selected } from "#shared/merge/selection.js";
import type { Report } from "#shared/protocol/report.js";
import { tally } from "#shared/protocol/voting/tally.js";
import { lastModelBlock, type ModelOutcome, modelOutcome } from "#shared/replay/agreed-outcome.js";
import { type Ballots, chosenSteps, groupProgress, readBallots } from "#shared/replay/ballots.js";
import { baseModelHash } from "#shared/replay/base-model-hash.js";
import { type OpenGated, openSubmission } from "#shared/replay/gate-submission.js";
import { type Candidate, type MergePlan, planMerge, planSteps } from "#shared/replay/merge-plan.js";
import { exchangedReports } from "#shared/replay/reports.js";
import { blobsFrom, type CycleSource } from "#shared/replay/source.js";
import { contextOf } from "#shared/replay/succession.js";
import type { SubnetFiles } from "#shared/subnet/files.js";
import { auditDuty, type DutyAudits } from "./audit-duty.js";
import { auditSprint } from "./audit-sprint.js";
import { checkReport } from "./check-report.js";
import { compareModels } from "./compare-models.js";
import { nameFaulty } from "./faulty-copies.js";
import { type CycleAudit, type Findings, openFindings } from "./findings.js";
import { type ManifestReader, manifestReader } from "./manifest-reader.js";
import { isMissing, missing, naming, orNull } from "./missing.js";
import { filesOf, glance } from "./model-files.js";
import { noteEarlier } from "./note-earlier.js";
import { readGateBase, readReports, readSeeds, regate } from "./read-cycle.js";
import { type Regated, withRepeats } from "./repeats.js";

export interface AuditContext {
  readonly source: CycleSource;
  readonly files: SubnetFiles;
  /** The newest block. */
  readonly head: number;
  /** Repeats the validators' measurements. If unset, the losses in their reports are taken as true. */
  readonly evaluate?: (cycle: EvaluatedCycle, findings: Findings) => Promise<void>;
  /** Ends it before the next tensor, or within what is recomputed of a Sprint, with its reason. */
  readonly signal?: AbortSignal;
}

/** The input of a repeated measurement. */
export interface EvaluatedCycle {
  /** Reads with the network file that was in force in the cycle. */
  readonly source: CycleSource;
  readonly cycle: number;
  readonly base: Model;
  readonly seeds: Readonly<Record<string, string>>;
  readonly reports: readonly Report[];
  readonly regated: readonly Regated[];
  /** The directions of the cycle's candidate steps, and the validators' votes on them. */
  readonly plan: MergePlan;
  readonly ballots: Ballots;
  /** Opens an update that the majority scored. The caller closes its file. */
  readonly openUpdate: (update: Selected<Candidate>) => Promise<OpenGated>;
}

/** Recomputes cycles from chain state and the files that it names, and reports every difference. Never throws for what it finds. */
export const cycleAuditor = (context: AuditContext): ((cycle: number) => Promise<CycleAudit>) => {
  const manifestOf = manifestReader(context.source);
  const memory: DutyAudits = { known: new Map(), knownDuty: new Map() };
  return async (cycle) =>
    auditCycle({ ...context, source: await contextOf(context.source, cycle), manifestOf, memory }, cycle);
};

interface Auditing extends AuditContext {
  readonly manifestOf: ManifestReader;
  readonly memory: DutyAudits;
}

const auditCycle = async (context: Auditing, cycle: number): Promise<CycleAudit> => {
  const findings = openFindings(cycle);
  const { head, signal, memory } = context;
  let recomputed: Model | null = null;
  try {
    recomputed = await replay(context, cycle, findings);
    await auditSprint(context.source, { cycle, head, signal }, findings);
    await auditDuty(context.source, { cycle, head, signal, memory }, findings);
  } catch (thrown) {
    if (isMissing(thrown)) findings.lacks(thrown.message);
    else if (isUnfit(thrown)) findings.diverges(thrown.message);
    else throw thrown;
  }
  await nameFaulty(context.files, findings);
  // The next cycle starts from this model. Of earlier models only the manifests are needed, and the manifest reader caches those.
  await context.files.retain(new Set(recomputed && filesOf(recomputed).map(({ hash }) => hash)));
  return findings.finish();
};

/** @returns the model that the merge gives here, or null if the available data does not determine one */
const replay = async (context: Auditing, cycle: number, findings: Findings): Promise<Model | null> => {
  const { source, files, head, manifestOf, signal } = context;
  const { network, networkHash } = source;
  const lastMoment = Math.min(head, lastModelBlock(cycle, network));
  const outcome = await modelOutcome(source, cycle, lastMoment);
  const baseHash = await baseModelHash(source, cycle, head);
  findings.learn({ base: baseHash, agreed: outcome.agreed });
  const base = { hash: baseHash, manifest: await manifestOf(baseHash) };
  const gateBase = await readGateBase(source, base, findings, signal);

  const { reports: committed, stakes, unheard } = await exchangedReports(source, cycle);
  const seeds = await readSeeds(source, cycle, findings);
  const { reports, isComplete } = await readReports(source, { cycle, seeds, committed }, findings);
  const regated = await withRepeats(await regate(source, cycle, gateBase), base, manifestOf, findings);
  for (const report of reports) {
    if (report.base === base.hash) checkReport(report, regated, findings);
    else findings.note(`report of ${report.validator} does not count: it is about model ${report.base}`);
  }
  await noteEarlier({ source, cycle, manifestOf }, base.hash, { regated, reports }, findings);

  const submissions = regated.map(({ submission }) => submission);
  const inputs = { reports, stakes, unheard, miners: submissions, network: networkHash, cycle, base: base.hash };
  const outcomes = tally(inputs);
  const plan = planMerge(outcomes, submissions, network.scoring.top_n);
  const scored = outcomes.filter(({ verdict }) => verdict === "scored").length;
  findings.learn({ reports: reports.length, scored });
  // A missing report may have decided the result, so the remaining reports prove nothing.
  if (!isComplete) return null;

  const openUpdate = async ({ submission, uid }: Selected<Candidate>): Promise<OpenGated> => {
    const result = await naming(
      `the update of uid ${uid}`,
      openSubmission(source, submission, { base: gateBase, cycle }),
    );
    if (!result.ok) throw rejected(uid, result);
    return result;
  };
  const ballots = await readBallots(source, cycle);
  for (const group of groupProgress(network, ballots, { outcomes, isWhole: isComplete }).undecided)
    findings.note(`"${group}" took no step for want of votes or reports: the cycle is left out of its miners' pay`);
  const steps = planSteps(plan, chosenSteps(network, ballots), network.training);
  const recomputed = await mergeModel(
    source,
    { cycle, base, steps },
    {
      part: blobsFrom(source),
      update: async (candidate) => {
        const { update, file, norm } = await openUpdate(candidate);
        return { hash: update.tensorsHash, file, norm };
      },
      create: files.create,
    },
    { ...(signal && { signal }) },
  );
  findings.learn({ recomputed: recomputed.hash, merged: recomputed.manifest.merged.length });
  await checkModel(context, { outcome, recomputed, base, lastMoment, cycle }, findings);
  await context.evaluate?.({ source, cycle, base, seeds, reports, regated, plan, ballots, openUpdate }, findings);
  return recomputed;
};

/** Compares the recomputed model with what the validators committed. */
const checkModel = async (
  { source, files, head, manifestOf }: Auditing,
  {
    outcome,
    recomputed,
    base,
    lastMoment,
    cycle,
  }: {
    readonly outcome: ModelOutcome;
    readonly recomputed: Model;
    readonly base: Model;
    readonly lastMoment: number;
    readonly cycle: number;
  },
  findings: Findings,
): Promise<void> => {
  for (const { hotkey, record } of outcome.records)
    if (outcome.stakes.has(hotkey) && record.model !== recomputed.hash && record.model !== outcome.agreed)
      findings.note(`${hotkey} alone committed model ${record.model}, which changes nothing`);
  if (outcome.agreed === null) {
    if (head < lastModelBlock(cycle, source.network))
      throw missing(`the model of the cycle is not settled at block ${lastMoment}`);
    findings.note(`no majority for a model: ${base.hash} stays in force`);
    return;
  }
  if (outcome.agreed !== recomputed.hash) {
    const agreed = await manifestOf(outcome.agreed).catch(orNull);
    findings.diverges(
      `the merge gives model ${recomputed.hash}, the majority committed ${outcome.agreed}: ${await compareModels(recomputed.manifest, agreed, files)}`,
    );
    return;
  }
  for (const file of filesOf(recomputed)) await glance(source, file);
};

/** True if a majority agreed on a model or update that cannot be read. */
const isUnfit = (thrown: unknown): thrown is BlockZeroError =>
  hasCode(thrown, "SAFETENSORS_INVALID", "CHECKPOINT_MISMATCH", "UPDATE_MALFORMED");

const rejected = (uid: number, { reason, detail }: { readonly reason: string; readonly detail: string }) =>
  missing(`the update of uid ${uid} that the majority scored is ${reason} here: ${detail}`);
