import { isRejected } from "#shared/chain/writer/chain-rejected.js";
import { hasCode } from "#shared/errors/error.js";
import { cycleLength } from "#shared/protocol/phases.js";
import { type Check, type Finding, failure, ok, warning } from "../check.js";
import type { Examined, ReadableChain } from "../examined.js";
import { cycleSpans, stateSpans } from "../state-spans.js";

const REMEDY = "name an archive node in chain_endpoint, or one that keeps that many states (--state-pruning)";

/**
 * The node keeps the chain's state as far back as a cycle is read: its merge the commitments, and whoever starts late in it the agreed model.
 * Sprints, confirmations, idle time and duty of the network file are read from further back.
 */
export const stateCheck: Check = {
  name: "state",
  deadlineMs: 60_000,
  needs: "network",
  run: async ({ role, chain, network, config: { netuid } }) => {
    const found = await network();
    const spans = stateSpans(found);
    const connected = await chain();
    const { number: head } = await connected.head();
    const blocksOf = (cycles: number) => cycles * cycleLength(found.phases);
    const keepsBlocks = (blocks: number) => hasState(connected, netuid, Math.max(0, head - blocks));
    if (spans === null) return ofCycle(cycleSpans(found), role, keepsBlocks);
    const keeps = (cycles: number) => keepsBlocks(blocksOf(cycles));
    const told = (cycles: number) => `${blocksOf(cycles)} blocks back (${cycles} cycles)`;
    if (!(await keeps(spans.running))) {
      const says = `the node does not keep the state of ${told(spans.running)}`;
      const isCounted = [found.sprint?.duty, found.sprint?.confirmations, found.sprint?.idle].some(
        (rule) => rule !== undefined,
      );
      if (role === "validator" && isCounted)
        return failure(
          `${says}: weights would differ from other validators', which see duty, confirmations and idle time`,
          REMEDY,
        );
      const inCycle = await ofCycle(cycleSpans(found), role, keepsBlocks);
      return inCycle.verdict === "failure" ? inCycle : warning(`${says}, which Sprints are read from`, REMEDY);
    }
    if (await keeps(spans.started)) {
      const isYoung = head < blocksOf(spans.started);
      return ok(
        isYoung
          ? `the node keeps the state of all ${head} blocks`
          : `the node keeps the state of ${told(spans.started)}`,
      );
    }
    return warning(
      `the node does not keep the state of ${told(spans.started)}: after each start confirmed weights of earlier Sprints are unknown`,
      `${REMEDY}, or run without long pauses`,
    );
  },
};

/** What is read of each cycle, and of the agreed model by whoever has not followed it. */
const ofCycle = async (
  { merge, base }: ReturnType<typeof cycleSpans>,
  role: Examined["role"],
  keeps: (blocks: number) => Promise<boolean>,
): Promise<Finding> => {
  if (!(await keeps(merge))) {
    const says = `the node does not keep the state of ${merge} blocks back, from which a merge reads its cycle's commitments`;
    return role === "validator"
      ? failure(`${says}: this validator would merge nothing`, REMEDY)
      : warning(`${says}: scores stay unknown`, REMEDY);
  }
  if (await keeps(base)) return ok(`the node keeps the state of ${base} blocks back, all that is read of a cycle`);
  return warning(
    `the node does not keep the state of ${base} blocks back: who starts late in a cycle, and was away since before it, cannot tell which model is in force, and waits for the next one`,
    `${REMEDY}, or run without long pauses`,
  );
};

const hasState = async (chain: ReadableChain, netuid: number, block: number): Promise<boolean> => {
  try {
    await chain.commitments(netuid, block);
    return true;
  } catch (thrown) {
    // A node that began at a later block has no older one at all.
    if (hasCode(thrown, "STATE_DISCARDED", "BLOCK_UNKNOWN")) return false;
    // The state is there, and is older than the subnet or its pallets.
    if (isRejected(thrown, "SubNetworkDoesNotExist") || hasCode(thrown, "RUNTIME_UNSUPPORTED")) return true;
    throw thrown;
  }
};
