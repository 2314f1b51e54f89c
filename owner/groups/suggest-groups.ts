import { BlockZeroError } from "#shared/errors/error.js";

/** How much a corpus uses each expert: by layer with experts, then by expert; a layer's sum to 1. */
export type Relevance = readonly (readonly number[])[];

export interface SuggestedGroup {
  /** Expert ids of each layer with experts, in the order of `Relevance`, ascending. */
  readonly experts: readonly (readonly number[])[];
  /** For each layer, the part of the corpus's relevance that these experts have. */
  readonly covered: readonly number[];
}

/**
 * Expert groups for corpora, by ESFT (arXiv 2407.01906, section 3.3): in every layer a corpus takes its most relevant experts until their relevance
 * comes to the threshold. Groups are disjoint: an expert goes to the corpus that uses it most among those that still lack some, and one expert of
 * each layer is left for every corpus that has none yet.
 *
 * @param corpora   relevance by the group's name
 * @param threshold share of a layer's relevance, 0–1
 * @throws BlockZeroError GROUPS_TOO_MANY where a layer has fewer experts than there are corpora
 */
export const suggestGroups = (
  corpora: ReadonlyMap<string, Relevance>,
  threshold: number,
): ReadonlyMap<string, SuggestedGroup> => {
  const names = [...corpora.keys()];
  const layers = [...corpora.values()][0]?.length ?? 0;
  const perLayer = Array.from({ length: layers }, (_, layer) =>
    shareOut(
      names.map((name) => corpora.get(name)![layer]!),
      threshold,
    ),
  );
  return new Map(
    names.map((name, i) => {
      const experts = perLayer.map((taken) => taken[i]!);
      const covered = experts.map((ids, layer) => ids.reduce((sum, id) => sum + corpora.get(name)![layer]![id]!, 0));
      return [name, { experts, covered }];
    }),
  );
};

/** Expert ids for each corpus in one layer. @param uses by corpus, then by expert */
const shareOut = (uses: readonly (readonly number[])[], threshold: number): number[][] => {
  const experts = uses[0]?.length ?? 0;
  if (experts < uses.length)
    throw new BlockZeroError(
      "GROUPS_TOO_MANY",
      `${uses.length} groups cannot each have an expert of their own in a layer of ${experts}`,
      "name fewer corpora",
    );
  const taken: number[][] = uses.map(() => []);
  const covered = uses.map(() => 0);
  const free = new Set(Array.from({ length: experts }, (_, id) => id));
  const pairs = uses
    .flatMap((row, corpus) => row.map((use, expert) => ({ corpus, expert, use })))
    .sort((a, b) => b.use - a.use || a.expert - b.expert || a.corpus - b.corpus);
  for (const { corpus, expert, use } of pairs) {
    const own = taken[corpus]!;
    const empty = taken.filter(({ length }) => length === 0).length;
    if (!free.has(expert) || covered[corpus]! >= threshold) continue;
    if (own.length > 0 && free.size <= empty) continue;
    own.push(expert);
    covered[corpus]! += use;
    free.delete(expert);
  }
  return taken.map((ids) => ids.sort((a, b) => a - b));
};
