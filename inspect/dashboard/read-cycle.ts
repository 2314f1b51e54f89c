import { setTimeout as delay } from "node:timers/promises";
import type { CycleOutcomes } from "#shared/replay/cycle-outcomes.js";
import { contextOf } from "#shared/replay/succession.js";
import type { SubnetFiles } from "#shared/subnet/files.js";
import type { SubnetView } from "#shared/subnet/open-subnet.js";
import { subnetWithTexts } from "#shared/subnet/texts.js";
import { mapLimited } from "#shared/util/map-limited.js";
import type { UpdateFacts } from "../explain/explanation.js";
import { readCycleFacts, readUpdate } from "../explain/read-miners-cycle.js";
import type { ReadBefore } from "../explain/read-sprints.js";
import { cycleBitsPerByte, needsNoFiles, type ToBitsPerByte } from "./bits-per-byte.js";
import { type CycleDigest, digestCycle } from "./digest.js";
import type { ExplainedCycle } from "./miner-page.js";

/** Manifests that are fetched at the same time, and how long all of them are waited for. */
const MANIFESTS_AT_ONCE = 16;
const MANIFESTS_MS = 10_000;

export interface ReadCycle extends ExplainedCycle {
  readonly digest: CycleDigest;
}

export interface ReadCycleOptions {
  /** Outcomes of cycles that were read before. */
  readonly known: readonly CycleOutcomes[];
  /** Sprints and duty that were read before. */
  readonly settled: ReadBefore;
  readonly files: Pick<SubnetFiles, "locate">;
  /** Fetches the files of text that bits per byte need. */
  readonly texts: boolean;
}

/** @throws BlockZeroError what reading the chain and files throws */
export const readCycle = async (
  view: Pick<SubnetView, "source" | "head">,
  cycle: number,
  { known, settled, files, texts }: ReadCycleOptions,
): Promise<ReadCycle> => {
  const source = await contextOf(view.source, cycle);
  const facts = await readCycleFacts(view, cycle, known, settled);
  const updates = new Map<number, UpdateFacts>();
  const manifests = mapLimited(facts.submissions, MANIFESTS_AT_ONCE, async (submission) => {
    const update = await readUpdate(source, submission);
    if (update) updates.set(submission.uid, update);
  });
  // Whoever serves its manifest slowly is shown without it.
  await Promise.race([manifests, delay(MANIFESTS_MS, undefined, { ref: false })]);
  manifests.catch(() => {});
  const toBitsPerByte: ToBitsPerByte | undefined =
    texts || needsNoFiles(source.network)
      ? await cycleBitsPerByte((await subnetWithTexts({ source, files })).source, cycle)
      : undefined;
  return { facts, updates, digest: digestCycle(facts, toBitsPerByte) };
};
