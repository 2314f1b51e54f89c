import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { BlockZeroError } from "#shared/errors.js";
import { openSubnet } from "#shared/subnet/open-subnet.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { explainScore } from "../explain/explain-score.js";
import type { Explanation } from "../explain/explanation.js";
import { sentencesOf } from "../explain/sentences.js";
import { wholeNumber } from "../whole-number.js";

interface Options {
  readonly cycle?: number;
  readonly uid: number;
  readonly home?: string;
  readonly chain?: string;
  readonly netuid?: number;
  readonly allowPrivateAddresses?: boolean;
  readonly json?: boolean;
}

const LOCALNET = ".blockzero/localnet";

export const explain: CommandSpec = {
  name: "explain",
  description: "say why a miner's score of a cycle is what it is, from chain state and the validators' signed reports",
  examples: [
    "blockzero explain --uid 4",
    "blockzero explain --cycle 7 --uid 4 --home .blockzero/localnet --json",
    "blockzero explain --cycle 7 --uid 4 --chain wss://entrypoint-finney.opentensor.ai:443 --netuid 1",
  ],
  define: (command) => {
    command
      .option("--cycle <n>", "this cycle; unset: the newest that is over", wholeNumber(0))
      .requiredOption("--uid <n>", "the miner's number in the subnet", wholeNumber(0, 65535))
      .option(
        "--home <dir>",
        `a localnet's home, or beside --chain that of any participant; unset: ${LOCALNET}, or none`,
      )
      .option("--chain <url>", "a node's WebSocket URL or a network's name; unset: the chain in the localnet's home")
      .option("--netuid <n>", "the subnet's number on that chain", wholeNumber(0, 65535))
      .option("--allow-private-addresses", "fetch from loopback and private addresses too")
      .option("--json", "print one JSON object")
      .action(async (options: Options) => {
        const { explanation, sentences } = await run(options);
        if (options.json) console.log(JSON.stringify(explanation));
        else for (const sentence of sentences) console.log(sentence);
      });
  },
};

const run = async (
  options: Options,
): Promise<{ readonly explanation: Explanation; readonly sentences: readonly string[] }> => {
  const { chain, netuid, allowPrivateAddresses = false, uid } = options;
  const home = options.home ?? (chain === undefined ? LOCALNET : undefined);
  const log = createLogger({ name: "explain", level: "warn", format: "pretty" });
  const subnet = await openSubnet({ home, chain, netuid, allowPrivateAddresses, log, signal: shutdownSignal() });
  try {
    const { first, last, head } = subnet;
    const cycle = options.cycle ?? last;
    if (cycle < first || cycle > last)
      throw new BlockZeroError(
        "CYCLE_UNKNOWN",
        last < first ? "no cycle is over yet" : `cycle ${cycle} is not among those that are over at block ${head}`,
        last < first ? "wait for the end of a cycle" : `name one from ${first} to ${last}`,
      );
    const explanation = await explainScore(subnet, cycle, uid);
    return { explanation, sentences: sentencesOf(explanation, subnet.source.network) };
  } finally {
    await subnet.close();
  }
};
