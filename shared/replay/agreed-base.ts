import { lastModelBlock, modelOutcome } from "./agreed-outcome.js";
import type { CycleSource } from "./source.js";
import { formerOf } from "./succession.js";

/** Hash of the model that a cycle starts from, in the state after the block `head` where it is not settled yet. */
export const agreedBase = async (source: CycleSource, cycle: number, head: number): Promise<string> => {
  const { network } = source;
  for (let past = cycle - 1; past >= network.first_cycle; past--) {
    const { agreed } = await modelOutcome(source, past, Math.min(head, lastModelBlock(past, network)));
    if (agreed !== null) return agreed;
  }
  // A network that succeeds another starts from what that one came to.
  const former = await formerOf(source);
  return former ? agreedBase(former, network.first_cycle, head) : network.genesis;
};
