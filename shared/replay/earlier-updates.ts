import type { Model } from "#shared/merge/merge-model.js";
import type { ModelManifest } from "#shared/protocol/model-manifest.js";
import { mapLimited } from "#shared/util/map-limited.js";
import { gateManifest } from "./gate-submission.js";
import { isGone } from "./is-gone.js";
import { ANCESTRY_DEPTH, lineage } from "./lineage.js";
import type { CycleSource } from "./source.js";
import { readSubmissions } from "./submissions.js";
import { contextOf, knownCyclesFrom, type NetworkSource } from "./succession.js";

/** An update that was revealed in an earlier cycle, with a manifest that passed the gates. */
export interface EarlierUpdate {
  readonly cycle: number;
  readonly group: string;
  readonly hotkey: string;
  readonly artifact: string;
  /** Hash of its tensor blob. */
  readonly tensors: string;
}

/** Cycles in which nobody may submit again what was revealed, whatever step its group took since: everybody has it, and it takes no work. */
const REVEALED_DEPTH = 8;

/** Manifests fetched at the same time. */
const MANIFESTS_AT_ONCE = 8;

type ManifestOf = (hash: string) => Promise<ModelManifest>;

/** What the model `base` and its ancestors say of past cycles. */
export interface SameWeights {
  /**
   * Group → the first cycle whose updates are for the weights that the group has now: the one after the newest cycle whose agreed model took a
   * step of it. 0 if none of the recent ancestors did.
   */
  readonly since: ReadonlyMap<string, number>;
  /** The model that a past cycle started from: the newest that was agreed on before it. Null if it is older than the ancestors looked through. */
  baseOf(cycle: number): string | null;
}

/**
 * @param models the model and its ancestors, as `lineage` gives them
 * @param of the groups that are asked about: for one that stands still more ancestors are read. Default: all of the model
 * @throws what `models` throws
 */
export const sameWeights = async (models: AsyncIterable<Model>, of?: readonly string[]): Promise<SameWeights> => {
  const since = new Map<string, number>();
  const ancestors: { readonly hash: string; readonly cycle: number; readonly parent: string | null }[] = [];
  let groups: readonly string[] = of ?? [];
  for await (const { hash, manifest } of models) {
    if (ancestors.length === 0) groups = of ?? Object.keys(manifest.parts.groups);
    const { parent } = manifest;
    ancestors.push({ hash, cycle: parent === null ? Number.NEGATIVE_INFINITY : manifest.cycle, parent });
    for (const group of groups)
      if (!since.has(group) && (manifest.steps[group] ?? 0) !== 0) since.set(group, manifest.cycle + 1);
    const isPast = ancestors.at(-1)!.cycle < ancestors[0]!.cycle - REVEALED_DEPTH;
    if ((since.size === groups.length && isPast) || ancestors.length === ANCESTRY_DEPTH) break;
  }
  // The oldest that was read was agreed on in a cycle that started from its parent.
  const oldest = ancestors.at(-1);
  return {
    since: new Map(groups.map((group) => [group, since.get(group) ?? 0])),
    baseOf: (cycle) =>
      ancestors.find((ancestor) => ancestor.cycle < cycle)?.hash ?? (cycle === oldest?.cycle ? oldest.parent : null),
  };
};

/**
 * The cycles before `cycle` whose updates are known in it: the last ones, and the newest of those for weights that some of these groups still has.
 *
 * @returns them ascending, and whether the file of a former network is not available, so that there may be more before them
 */
export const knownCycles = async (
  source: NetworkSource,
  cycle: number,
  { since }: Pick<SameWeights, "since">,
): Promise<{ readonly cycles: readonly number[]; readonly isCut: boolean }> => {
  const wanted = Math.max(0, cycle - ANCESTRY_DEPTH, Math.min(cycle - REVEALED_DEPTH, ...since.values()));
  const { first, isCut } = await knownCyclesFrom(source, wanted);
  return { cycles: Array.from({ length: Math.max(0, cycle - first) }, (_, i) => first + i), isCut };
};

/**
 * Whether what a group revealed in a past cycle may not be submitted again: what is of the last cycles, or for weights that the group still has.
 *
 * @param cycle the one in which it would be
 */
export const isKnown = (
  cycle: number,
  { since }: Pick<SameWeights, "since">,
  { cycle: past, group }: Pick<EarlierUpdate, "cycle" | "group">,
): boolean => past >= cycle - REVEALED_DEPTH || past >= (since.get(group) ?? past);

export interface Before {
  readonly cycle: number;
  /** Hash of the model that the cycle starts from. */
  readonly base: string;
  /** Whose updates are asked for. */
  readonly groups: readonly string[];
  readonly manifestOf: ManifestOf;
  /**
   * Called for each cycle of which a manifest that may count cannot be had, or the model that it started from. Where a network file cannot be had, it
   * is called once for all cycles before it.
   */
  readonly onMissing: () => void;
}

/**
 * The updates that nobody may submit again in `cycle`, as far as chain and files still have them. The newest cycle first, whose updates are the
 * likeliest to come again: where a state is gone, those before it are too.
 *
 * @throws BlockZeroError STATE_DISCARDED if the chain no longer knows who revealed what, and what `manifestOf` and `onMissing` throw
 */
export async function* updatesBefore(
  source: CycleSource,
  { cycle, base, groups, manifestOf, onMissing }: Before,
): AsyncGenerator<EarlierUpdate> {
  const same = await sameWeights(lineage(base, manifestOf), groups);
  const { cycles, isCut } = await knownCycles(source, cycle, same);
  for (const past of cycles.toReversed()) {
    const asked = groups.filter((group) => isKnown(cycle, same, { cycle: past, group }));
    const startedFrom = same.baseOf(past);
    const { updates, isWhole } = startedFrom === null ? NOTHING : await revealedIn(source, past, startedFrom, asked);
    if (!isWhole) onMissing();
    yield* updates;
  }
  if (isCut) onMissing();
}

/** What was revealed in a cycle, and whether every manifest could be had. */
export interface Revealed {
  readonly updates: readonly EarlierUpdate[];
  readonly isWhole: boolean;
}

const NOTHING: Revealed = { updates: [], isWhole: false };

/**
 * What was revealed in a past cycle, as far as manifests can be had.
 *
 * @param base hash of the model that it started from
 * @param groups those that are asked about. Default: all
 * @throws BlockZeroError STATE_DISCARDED if the chain no longer knows who revealed what
 */
export const revealedIn = async (
  newest: CycleSource,
  cycle: number,
  base: string,
  groups?: readonly string[],
): Promise<Revealed> => {
  const source = await contextOf(newest, cycle);
  const submissions = (await readSubmissions(source, cycle)).filter(
    ({ reveal }) => groups === undefined || (reveal !== null && groups.includes(reveal.group)),
  );
  const found = await mapLimited(submissions, MANIFESTS_AT_ONCE, async (submission) => {
    try {
      const gated = await gateManifest(source, submission, { base: { hash: base }, cycle });
      if (!gated.ok) return [];
      const { group, tensors } = gated.manifest;
      return [{ cycle, group, hotkey: submission.hotkey, artifact: gated.artifact, tensors }];
    } catch (thrown) {
      const isOver = thrown instanceof Error && thrown.name === "AbortError";
      if (!isGone(thrown) && !isOver) throw thrown;
      return null;
    }
  });
  return { updates: found.flatMap((one) => one ?? []), isWhole: !found.includes(null) };
};
