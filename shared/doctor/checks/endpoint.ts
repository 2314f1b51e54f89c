import { isRejected } from "#shared/chain/writer/chain-rejected.js";
import { formatDuration } from "#shared/telemetry/progress.js";
import { type Check, failure, ok, warning } from "../check.js";

/** Ten blocks of twelve seconds. */
const STALE_MS = 120_000;
const SLOW_MS = 2_000;
const PROBES = 3;

export const endpointCheck: Check = {
  name: "endpoint",
  deadlineMs: 30_000,
  run: async ({ chain, config: { chain_endpoint, netuid }, machine }) => {
    const connected = await chain();
    const times: number[] = [];
    let head = await connected.head();
    for (let probe = 0; probe < PROBES; probe++) {
      const started = performance.now();
      head = await connected.head();
      times.push(performance.now() - started);
    }
    const answer = Math.min(...times);
    const age = machine.now() - head.timestamp;
    const says = `${[chain_endpoint].flat().join(", ")} at block ${head.number}, answers in ${formatDuration(answer)}`;
    try {
      await connected.hyperParameters(netuid);
    } catch (thrown) {
      if (!isRejected(thrown, "SubNetworkDoesNotExist")) throw thrown;
      return failure(`${says}; subnet ${netuid} does not exist there`, "correct netuid or chain_endpoint");
    }
    if (age > STALE_MS)
      return warning(
        `${says}; its newest block is ${formatDuration(age)} old`,
        "let the node catch up or name another one; where the line about the clock is a warning too, set the clock",
      );
    if (answer > SLOW_MS) return warning(says, "name a nearer node, or several in chain_endpoint");
    return ok(says);
  },
};
