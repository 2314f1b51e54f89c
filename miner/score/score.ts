import { decodeAddress } from "@polkadot/util-crypto";
import { l2Norm } from "#shared/artifact/update.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { groupNamed } from "#shared/model/groups.js";
import { isBlockLeft, phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import { baseModelHash } from "#shared/replay/base-model-hash.js";
import { isGone } from "#shared/replay/is-gone.js";
import { readGroupWeights, readModelManifest } from "#shared/replay/whole-model.js";
import type { OpenedSubnet } from "#shared/subnet/open-subnet.js";
import { lowerMedian } from "#shared/util/lower-median.js";
import { mean } from "#shared/util/mean.js";
import type { LocalArtifact } from "./artifact.js";
import { aloneRules, TWO_SIDED } from "./draws.js";
import { duplicateGate } from "./duplicates.js";
import { evaluate, lossGate, type Measuring } from "./evaluate.js";
import { passGates } from "./gates.js";
import { recordGates } from "./records.js";
import type { Draw, Gate, ScoreReport } from "./report.js";
import { expectedStanding } from "./standing.js";

export interface ScoreOptions extends Measuring {
  readonly local: LocalArtifact;
  /** Who submits it; null without a wallet, when the manifest's own word is taken. */
  readonly hotkey: { readonly address: string; readonly publicKey: Uint8Array } | null;
  /** As the miner reveals it; unset: as the manifest says. */
  readonly group: string | undefined;
  /** Unset: the manifest's own, or the one whose commits are open. */
  readonly cycle: number | undefined;
}

/**
 * Does to an update what a validator will, on this machine: every gate, the duplicates that are known here, and the loss without
 * and with it. Sends nothing.
 *
 * @throws BlockZeroError EXPERT_GROUP_UNKNOWN, and what reading the model throws
 */
export const scoreArtifact = async (subnet: OpenedSubnet, options: ScoreOptions): Promise<ScoreReport> => {
  const { source, head } = subnet;
  const { network } = source;
  const { local, signal } = options;
  const manifest = local.signed?.manifest ?? null;
  const hotkey = options.hotkey ?? ofManifest(manifest?.hotkey);
  const group = groupOf(options.group ?? manifest?.group);
  groupNamed(network, group);
  const cycle = options.cycle ?? manifest?.cycle ?? openCycle(subnet);
  const base = await baseOf(subnet, cycle, manifest?.base);
  const model = await readModelManifest(source, base.hash);
  const norm = l2Norm(Object.values(await readGroupWeights(source, model, group)));

  const artifact = local.signed?.artifact ?? null;
  const records = await recordGates(source, { artifact, cycle, hotkey, head });
  const passed = await passGates(source, local, { group, cycle, base: base.hash, norm, hotkey });
  const files = passed.gates.map((gate) =>
    annotated(gate, { isAgreed: base.isAgreed, isOwn: options.hotkey !== null }),
  );
  const common = {
    artifact,
    file: local.file,
    hotkey: hotkey?.address ?? null,
    group,
    cycle,
    base: base.hash,
    head,
    confidence: { oneSided: aloneRules(network.scoring).confidence, twoSided: TWO_SIDED },
  };
  const { tensors, tensorsHash } = passed;
  if (tensors === null || tensorsHash === null) {
    const gates = [...records, ...files, ...notReached("duplicate", "loss")];
    return { ...common, gates, text: "held-out", draws: [], ...verdictOf(gates, []), expected: null, standing: null };
  }

  const duplicate = await duplicateGate(source, { cycle, group, base: base.hash, tensorsHash }, signal);
  const evaluated = await evaluate(subnet, { group, cycle, model, tensors }, options);
  const gates = [...records, ...files, duplicate, lossGate(evaluated.draws)];
  const measured = evaluated.draws.flatMap((draw) => draw.measured ?? []);
  const scores = measured.map(({ score }) => score);
  const expected =
    measured.length === evaluated.draws.length
      ? { lossReduction: mean(measured.map(({ lossReduction }) => lossReduction)), score: lowerMedian(scores) }
      : null;
  const found = verdictOf(gates, evaluated.draws);
  return {
    ...common,
    gates,
    ...evaluated,
    ...found,
    expected,
    standing:
      found.verdict === "scored"
        ? await standingOf(subnet, { hotkey: hotkey?.address ?? null, group, scores, signal })
        : null,
  };
};

const ofManifest = (address: string | undefined) =>
  address === undefined ? null : { address, publicKey: decodeAddress(address) };

const groupOf = (group: string | undefined): string => {
  if (group !== undefined) return group;
  throw new BlockZeroError(
    "CONFIG_MISSING_KEY",
    "expert_group is not set, and no manifest says it",
    "give --expert_group",
  );
};

/** The next cycle that can still be committed to. */
const openCycle = ({ source: { network }, head }: Pick<OpenedSubnet, "source" | "head">): number => {
  const { cycle } = phaseAt(head, network.phases);
  const isOpen = isBlockLeft(phaseWindow(cycle, "commit", network.phases), head);
  return Math.max(network.first_cycle, isOpen ? cycle : cycle + 1);
};

/** The agreed model, or where the chain no longer says which that was, the one that the manifest names. */
const baseOf = async (
  { source, head }: Pick<OpenedSubnet, "source" | "head">,
  cycle: number,
  named: string | undefined,
): Promise<{ readonly hash: string; readonly isAgreed: boolean }> => {
  try {
    return { hash: await baseModelHash(source, cycle, head), isAgreed: true };
  } catch (thrown) {
    if (!isGone(thrown) || named === undefined) throw thrown;
    return { hash: named, isAgreed: false };
  }
};

const annotated = (gate: Gate, { isAgreed, isOwn }: { readonly isAgreed: boolean; readonly isOwn: boolean }): Gate => {
  if (gate.status !== "passed") return gate;
  if (gate.gate === "base" && !isAgreed)
    return { ...gate, status: "unchecked", detail: "the chain no longer says which model was agreed on" };
  if (gate.gate === "signature" && !isOwn)
    return { ...gate, detail: "by the hotkey that it names; there is no wallet here to say that it is yours" };
  return gate;
};

const notReached = (...gates: readonly Gate["gate"][]): readonly Gate[] =>
  gates.map((gate) => ({ gate, status: "not reached", reason: null, detail: null }));

const verdictOf = (gates: readonly Gate[], draws: readonly Draw[]): Pick<ScoreReport, "verdict" | "reason"> => {
  const failed = gates.find(({ status }) => status === "failed");
  if (failed) return { verdict: "rejected", reason: failed.reason };
  const isMeasured = draws.length > 0 && draws.every(({ verdict }) => verdict === "scored");
  return isMeasured ? { verdict: "scored", reason: null } : { verdict: "abstained", reason: "validator_failed" };
};

/** Null where the chain no longer knows the last cycle. */
const standingOf = async (
  subnet: OpenedSubnet,
  scored: Parameters<typeof expectedStanding>[1],
): Promise<ScoreReport["standing"]> => {
  try {
    return await expectedStanding(subnet, scored);
  } catch (thrown) {
    if (!isGone(thrown)) throw thrown;
    return null;
  }
};
