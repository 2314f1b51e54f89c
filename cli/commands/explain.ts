import { explainScore } from "#inspect/explain/explain-score.js";
import { explainValidators, type ValidatorsExplanation, validatorLines } from "#inspect/explain/explain-validators.js";
import type { Explanation } from "#inspect/explain/explanation.js";
import { sentencesOf } from "#inspect/explain/sentences.js";
import { printJson } from "#shared/cli/json.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { contextOf } from "#shared/replay/succession.js";
import { openSubnet } from "#shared/subnet/open-subnet.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { locationFrom, type SubnetOptions, subnetOptions } from "../subnet-options.js";

interface Options extends SubnetOptions {
  readonly cycle?: number;
  readonly uid?: number;
  readonly validators?: boolean;
  readonly json?: boolean;
}

export const explain: CommandSpec = {
  name: "explain",
  description:
    "say why a miner's score of a cycle is what it is, or what validators did in it, from chain state and the validators' signed reports",
  examples: [
    "blockzero explain --uid 4",
    "blockzero explain --cycle 7 --uid 4 --home .blockzero/localnet --json",
    "blockzero explain --cycle 7 --validators",
    "blockzero explain --cycle 7 --uid 4 --chain wss://entrypoint-finney.opentensor.ai:443 --netuid 1",
  ],
  define: (command) => {
    subnetOptions(
      command
        .option("--cycle <n>", "this cycle; unset: the newest that is over", wholeNumber(0))
        .option("--uid <n>", "the miner's number in the subnet", wholeNumber(0, 65535))
        .option("--validators", "of no miner, but who reported, whose report counts and agrees with the others'"),
    )
      .option("--json", "print one JSON object")
      .action(async (options: Options) => {
        const { explanation, lines } = await run(options);
        if (options.json) printJson(explanation);
        else for (const line of lines) console.log(line);
      });
  },
};

interface Said {
  readonly explanation: Explanation | ValidatorsExplanation;
  readonly lines: readonly string[];
}

const run = async (options: Options): Promise<Said> => {
  const { uid } = options;
  if ((uid === undefined) === (options.validators !== true))
    throw new BlockZeroError("USAGE", "name a miner or the validators", "give --uid <n> or --validators");
  const log = createLogger({ name: "explain", level: "warn", format: "pretty" });
  const subnet = await openSubnet({ ...locationFrom(options), log, signal: shutdownSignal() });
  try {
    const { first, last, head } = subnet;
    const cycle = options.cycle ?? last;
    if (cycle < first || cycle > last)
      throw new BlockZeroError(
        "CYCLE_UNKNOWN",
        last < first ? "no cycle is over yet" : `cycle ${cycle} is not among those that are over at block ${head}`,
        last < first ? "wait for the end of a cycle" : `name one from ${first} to ${last}`,
      );
    if (uid === undefined) {
      const explanation = await explainValidators(subnet, cycle);
      return { explanation, lines: validatorLines(explanation) };
    }
    const explanation = await explainScore(subnet, cycle, uid);
    const { network } = await contextOf(subnet.source, cycle);
    return { explanation, lines: sentencesOf(explanation, network) };
  } finally {
    await subnet.close();
  }
};
