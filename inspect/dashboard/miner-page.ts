import { hasCode } from "#shared/errors/error.js";
import { asciiLine } from "#shared/protocol/parsed.js";
import { adviceFor } from "../advice/advice.js";
import { explainFacts } from "../explain/explain-score.js";
import type { UpdateFacts } from "../explain/explanation.js";
import { type CycleFacts, minersCycle } from "../explain/read-miners-cycle.js";
import { sentencesOf } from "../explain/sentences.js";
import type { CycleDigest } from "./digest.js";
import type { MinerPage, Receipt, SubnetNow } from "./snapshot.js";

/** A cycle that can be explained: all that was read of it, and what the manifests of its updates say, by uid. */
export interface ExplainedCycle {
  readonly facts: CycleFacts;
  readonly updates: ReadonlyMap<number, UpdateFacts>;
}

/** A place that is paid less than this part of what the first is paid counts as unpaid. */
const WORTH = 0.01;

/** @returns null if nobody held the uid in that cycle */
export const minerPage = (
  uid: number,
  explained: ExplainedCycle,
  {
    digests,
    cycles,
    now,
  }: { readonly digests: readonly CycleDigest[]; readonly cycles: readonly number[]; readonly now: SubnetNow },
): MinerPage | null => {
  const { facts, updates } = explained;
  try {
    const miner = minersCycle(facts, uid, updates.get(uid) ?? null);
    const { hotkey } = miner;
    const history = digests.flatMap(({ cycle, miners }) => {
      const own = miners.find((one) => one.uid === uid && one.hotkey === hotkey);
      return own ? [{ cycle, ...own }] : [];
    });
    const [first = 0] = now.rewards.shares;
    return {
      uid,
      hotkey,
      cycle: facts.cycle,
      explained: cycles,
      explanation: sentencesOf(explainFacts(miner), facts.network).map((sentence) => sentence.trim()),
      advice: adviceFor(
        history.filter(({ cycle }) => cycle <= facts.cycle),
        {
          window: facts.network.scoring.window,
          paidPlaces: now.rewards.shares.filter((share) => share >= WORTH * first).length,
          group: history.findLast(({ verdict }) => verdict === "scored")?.group ?? null,
          groups: now.groups,
        },
      ),
      history: history.reverse(),
      receipt: receiptOf(miner),
    };
  } catch (thrown) {
    if (hasCode(thrown, "UID_UNKNOWN")) return null;
    throw thrown;
  }
};

const receiptOf = ({ submission, said, made }: ReturnType<typeof minersCycle>): Receipt | null =>
  submission?.commitment || submission?.reveal
    ? {
        commitBlock: submission.commitment?.block ?? null,
        commitment: submission.commitment?.hash ?? null,
        artifact: submission.reveal?.artifact ?? null,
        location: submission.reveal ? asciiLine(submission.reveal.location) : null,
        reports: said.exchange.reports
          .filter(({ counts }) => counts)
          .map(({ hotkey: validator, hash, block }) => ({ validator, hash, block })),
        model: made.model,
      }
    : null;
