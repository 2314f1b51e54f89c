import { explainScore } from "#inspect/explain/explain-score.js";
import type { Explanation } from "#inspect/explain/explanation.js";
import { sentencesOf } from "#inspect/explain/sentences.js";
import { reasonOf } from "#shared/errors/error.js";
import type { OpenedSubnet } from "#shared/subnet/open-subnet.js";

/** A miner's cycle that `explain` was asked about. */
export interface Explained {
  readonly cycle: number;
  readonly uid: number;
  /** Verdict, and why it is that one; null where explain gives no reason. */
  readonly because: string | null;
}

export interface Explainer {
  /** Explains the cycles up to this one that are not explained yet. What cannot be read now is tried again. */
  upTo(cycle: number): Promise<void>;
  readonly explained: readonly Explained[];
  /** Why the last try failed, by cycle and uid. */
  open(): readonly string[];
}

/** Asks for every miner of every cycle from the first on. */
export const createExplainer = (subnet: OpenedSubnet, first: number, uids: readonly number[]): Explainer => {
  const explained: Explained[] = [];
  const waiting = new Map<string, { readonly cycle: number; readonly uid: number; problem: string }>();
  let next = first;
  return {
    explained,
    open: () => [...waiting.values()].map(({ cycle, uid, problem }) => `cycle ${cycle}, uid ${uid}: ${problem}`),
    async upTo(cycle) {
      for (; next <= cycle; next++)
        for (const uid of uids) waiting.set(`${next} ${uid}`, { cycle: next, uid, problem: "not asked yet" });
      const view = await subnet.look();
      for (const [key, one] of [...waiting]) {
        try {
          const found = await explainScore(view, one.cycle, one.uid);
          const because = becauseOf(found);
          const isSaid = sentencesOf(found, view.source.network).length > 1;
          explained.push({ cycle: one.cycle, uid: one.uid, because: isSaid ? because : null });
          waiting.delete(key);
        } catch (thrown) {
          one.problem = reasonOf(thrown);
        }
      }
    },
  };
};

/** Why a miner's cycle came out as it did, in some words; null where the explanation leaves it open. */
export const becauseOf = ({ agreed, commitment, reveal, validators, place }: Explanation): string | null => {
  if (agreed?.verdict === "scored") return place === null ? null : `scored: place ${place.place} of ${place.of}`;
  if (agreed?.reason) return `${agreed.verdict}: ${agreed.reason}`;
  const verdict = agreed?.verdict ?? "no verdict";
  if (commitment === null) return `${verdict}: committed to nothing`;
  if (reveal === null) return `${verdict}: revealed nothing`;
  const silent = validators.filter(({ silence }) => silence !== null);
  if (silent.length === validators.length) return `${verdict}: no validator's report counts`;
  if (silent.length > 0) return `${verdict}: too little stake reported, ${silent[0]!.silence}`;
  const said = [...new Set(validators.map((one) => `${one.verdict} ${one.reason ?? ""}`.trim()))];
  return said.length > 1 ? `${verdict}: validators differ, ${said.join(" and ")}` : null;
};
