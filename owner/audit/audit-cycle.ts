import { withSource } from "#shared/artifact/byte-source.js";
import { BlockZeroError } from "#shared/errors.js";
import { groupShapes } from "#shared/model/groups.js";
import {
  type BlobRef,
  MAX_MODEL_MANIFEST_BYTES,
  type ModelManifest,
  parseModelManifest,
} from "#shared/protocol/model-manifest.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { MAX_REPORT_BYTES, type Report } from "#shared/protocol/report.js";
import { evaluationSeed } from "#shared/protocol/seed.js";
import { tally } from "#shared/protocol/tally.js";
import { agreedBase } from "#shared/replay/agreed-base.js";
import { lastModelBlock, type ModelOutcome, modelOutcome } from "#shared/replay/agreed-outcome.js";
import { describeDifference, firstDifference } from "#shared/replay/difference.js";
import { type GateBase, type GateResult, gateUpdate, openGated } from "#shared/replay/gate-update.js";
import { type Model, mergeModel } from "#shared/replay/merge-model.js";
import { planMerge } from "#shared/replay/merge-plan.js";
import { openPart } from "#shared/replay/part.js";
import { type PromisedReport, promisedReports, readReport } from "#shared/replay/reports.js";
import type { CycleSource } from "#shared/replay/source.js";
import { readSubmissions } from "#shared/replay/submissions.js";
import type { DamagedFile, SubnetFiles } from "#shared/subnet/files.js";
import { checkReport } from "./check-report.js";
import { compareModels } from "./compare-models.js";
import { type CycleAudit, type Findings, openFindings } from "./findings.js";
import { type Regated, withRepeats } from "./repeats.js";

export interface AuditContext {
  readonly source: CycleSource;
  readonly files: SubnetFiles;
  /** The newest block. */
  readonly head: number;
  /** Measures again what the validators measured; unset, their losses are taken as they say. */
  readonly evaluate?: (cycle: EvaluatedCycle, findings: Findings) => Promise<void>;
}

/** What is there to be measured again. */
export interface EvaluatedCycle {
  readonly cycle: number;
  readonly base: Model;
  readonly seeds: Readonly<Record<string, string>>;
  readonly reports: readonly Report[];
  readonly regated: readonly Regated[];
}

/** Recomputes a cycle from the chain and the files that it names, and says where they part. Never throws for what it finds. */
export const auditCycle = async (context: AuditContext, cycle: number): Promise<CycleAudit> => {
  const findings = openFindings(cycle);
  let recomputed: Model | null = null;
  try {
    recomputed = await replay(context, cycle, findings);
  } catch (thrown) {
    if (isMissing(thrown)) findings.lacks(thrown.message);
    else if (isUnfit(thrown)) findings.diverges(thrown.message);
    else throw thrown;
  }
  await nameDamage(context.files, findings);
  // The next cycle starts from here; older files are not asked for again.
  if (recomputed !== null) await context.files.retain(new Set(filesOf(recomputed).map(({ hash }) => hash)));
  return findings.finish();
};

/** @returns the model that the merge gives here; null where what is left decides nothing */
const replay = async (context: AuditContext, cycle: number, findings: Findings): Promise<Model | null> => {
  const { source, files, head } = context;
  const { network, networkHash } = source;
  const lastMoment = Math.min(head, lastModelBlock(cycle, network));
  const outcome = await modelOutcome(source, cycle, lastMoment);
  const baseHash = await agreedBase(source, cycle, head);
  findings.learn({ base: baseHash, agreed: outcome.agreed });
  const fetchManifest = (hash: string) => readManifest(source, hash);
  const base = { hash: baseHash, manifest: await fetchManifest(baseHash) };
  const gateBase = await gateBaseOf(source, base, findings);

  const { promised, stakes } = await promisedReports(source, cycle);
  const { reports, isComplete } = await readReports(source, promised, findings);
  const regated = await withRepeats(await regate(source, cycle, gateBase), base, fetchManifest, findings);
  const seeds = await seedsOf(source, cycle);
  for (const report of reports) {
    if (report.base === base.hash) checkReport(report, { seeds, regated }, findings);
    else findings.note(`report of ${report.validator} does not count: it is about model ${report.base}`);
  }

  const outcomes = tally({ reports, stakes, network: networkHash, cycle, base: base.hash });
  const selected = planMerge(
    outcomes,
    regated.map(({ submission }) => submission),
    network.scoring.top_n,
  );
  const scored = outcomes.filter(({ verdict }) => verdict === "scored").length;
  const merged = [...selected.values()].reduce((sum, updates) => sum + updates.length, 0);
  findings.learn({ reports: reports.length, scored, merged });
  // A report that cannot be had any more may have decided: what is left proves nothing.
  if (!isComplete) return null;

  const recomputed = await mergeModel(
    source,
    { cycle, base, selected },
    {
      part: ({ hash, bytes }) => source.open({ hash, maxBytes: bytes }),
      update: async ({ submission, uid }, norm) => {
        const groups = new Map([...gateBase.groups.keys()].map((group) => [group, { norm }]));
        const gates = openGated(source, submission, { base: { hash: base.hash, groups }, cycle });
        const result = await naming(`the update of uid ${uid}`, gates);
        if (!result.ok) throw rejected(uid, result);
        return { hash: result.update.tensorsHash, file: result.file, norm: result.norm };
      },
      create: files.create,
    },
  );
  findings.learn({ recomputed: recomputed.hash });
  await checkModel(context, { outcome, recomputed, base, lastMoment, cycle }, findings);
  await context.evaluate?.({ cycle, base, seeds, reports, regated }, findings);
  return recomputed;
};

const readManifest = async (source: CycleSource, hash: string): Promise<ModelManifest> => {
  const parsed = parseModelManifest(
    await naming(`model ${hash}`, source.fetch({ hash, maxBytes: MAX_MODEL_MANIFEST_BYTES })),
  );
  if (parsed.ok) return parsed.value;
  throw missing(`the manifest of model ${hash} cannot be read: ${parsed.problem}`);
};

/** What the gates ask of the base, which every group's weights are read for; its other parts are looked at on the way. */
const gateBaseOf = async (source: CycleSource, { hash, manifest }: Model, findings: Findings): Promise<GateBase> => {
  const { network } = source;
  const groups = new Map<string, { readonly norm: number }>();
  for (const [name, group] of Object.entries(network.groups)) {
    const parts = manifest.parts.groups[name];
    if (!parts) throw missing(`model ${hash} has no group "${name}"`);
    const shapes = new Map(Object.entries(groupShapes(network.model, group)));
    const what = `group ${name} of model ${hash}`;
    const weights = await naming(what, source.open({ hash: parts.weights.hash, maxBytes: parts.weights.bytes }));
    const norm = await withSource(weights, async () => (await openPart(weights, shapes, what)).norm());
    groups.set(name, { norm });
    if (parts.momentum) await glance(source, parts.momentum);
  }
  if (!(await glance(source, manifest.parts.hub)))
    findings.note("the hub cannot be had: no cycle changes it, so nothing was recomputed from it");
  return { hash, groups };
};

const readReports = async (
  source: CycleSource,
  promised: readonly PromisedReport[],
  findings: Findings,
): Promise<{ readonly reports: readonly Report[]; readonly isComplete: boolean }> => {
  const reports: Report[] = [];
  let isComplete = true;
  for (const promise of promised) {
    const { hash, hotkey, location } = promise;
    try {
      const report = readReport(await source.fetch({ hash, maxBytes: MAX_REPORT_BYTES, location }), promise);
      if (report.ok) reports.push(report.value);
      else findings.note(`report ${hash} of ${hotkey} does not count: ${report.problem}`);
    } catch (thrown) {
      if (!isMissing(thrown)) throw thrown;
      findings.lacks(`report of ${hotkey}: ${thrown.message}`);
      isComplete = false;
    }
  }
  return { reports, isComplete };
};

const seedsOf = async ({ chain, network, networkHash }: CycleSource, cycle: number) => {
  const blockHash = await chain.blockHash(phaseWindow(cycle, "evaluate", network.phases).start);
  return Object.fromEntries(
    Object.keys(network.groups).map((group) => [
      group,
      evaluationSeed({ network: networkHash, cycle, group, blockHash }),
    ]),
  );
};

const regate = async (source: CycleSource, cycle: number, base: GateBase): Promise<readonly Regated[]> => {
  const regated: Regated[] = [];
  for (const submission of await readSubmissions(source, cycle)) {
    let result: GateResult | null = null;
    try {
      result = await gateUpdate(source, submission, { base, cycle });
    } catch (thrown) {
      if (!isMissing(thrown)) throw thrown;
    }
    regated.push({ submission, result, isRepeated: false });
  }
  return regated;
};

/** Holds what was recomputed against what the validators committed. */
const checkModel = async (
  { source, files, head }: AuditContext,
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
    const agreed = await readManifest(source, outcome.agreed).catch(orNull);
    findings.diverges(
      `the merge gives model ${recomputed.hash}, the majority committed ${outcome.agreed}: ${await compareModels(recomputed.manifest, agreed, files)}`,
    );
    return;
  }
  for (const file of filesOf(recomputed)) await glance(source, file);
};

const filesOf = ({ hash, manifest }: Model): readonly BlobRef[] => [
  { hash, bytes: MAX_MODEL_MANIFEST_BYTES },
  manifest.parts.hub,
  ...Object.values(manifest.parts.groups).flatMap(({ weights, momentum }) => [
    weights,
    ...(momentum ? [momentum] : []),
  ]),
];

/** Looks at every copy of a file that nothing is computed from. @returns whether there is a sound one */
const glance = async (source: CycleSource, { hash, bytes }: BlobRef): Promise<boolean> => {
  const file = await source.open({ hash, maxBytes: bytes }).catch(orNull);
  await file?.close();
  return file !== null;
};

const orNull = (thrown: unknown): null => {
  if (isMissing(thrown)) return null;
  throw thrown;
};

/** Names every copy that is not what its name says. */
const nameDamage = async (files: SubnetFiles, findings: Findings): Promise<void> => {
  for (const damaged of files.takeDamaged())
    findings.diverges(`file ${damaged.path} is not what its hash says${await whereItDiffers(files, damaged)}`);
};

const whereItDiffers = async (files: SubnetFiles, { hash, open }: DamagedFile): Promise<string> => {
  const sound = await files.sound(hash);
  if (sound === null) return ", and no sound copy is at hand";
  return withSource(sound, async () => {
    const copy = await open().catch(orNull);
    if (copy === null) return ", and is not given again";
    const difference = await withSource(copy, () => firstDifference(sound, copy));
    return difference === null ? ", but was when asked again" : `: it differs ${describeDifference(difference)}`;
  });
};

const isMissing = (thrown: unknown): thrown is BlockZeroError =>
  thrown instanceof BlockZeroError &&
  (thrown.code.startsWith("FETCH_") || thrown.code === "STATE_DISCARDED" || thrown.code === NOT_AUDITABLE);

/** What a majority agreed on although no model can be read from it. */
const isUnfit = (thrown: unknown): thrown is BlockZeroError =>
  thrown instanceof BlockZeroError && (thrown.code === "SAFETENSORS_INVALID" || thrown.code === "CHECKPOINT_MISMATCH");

/** Says what it is that cannot be had. */
const naming = <T>(what: string, work: Promise<T>): Promise<T> =>
  work.catch((thrown: unknown) => {
    throw isMissing(thrown) ? missing(`${what}: ${thrown.message}`) : thrown;
  });

const NOT_AUDITABLE = "NOT_AUDITABLE";

const missing = (what: string) => new BlockZeroError(NOT_AUDITABLE, what, "audit sooner, or where it is kept");

const rejected = (uid: number, { reason, detail }: { readonly reason: string; readonly detail: string }) =>
  missing(`the update of uid ${uid} that the majority scored is ${reason} here: ${detail}`);
