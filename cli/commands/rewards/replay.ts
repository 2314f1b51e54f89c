import { readPayRules } from "#owner/rewards/read-scenario.js";
import { type PayRules, type Replay, replay as replayPay } from "#owner/rewards/replay.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { openSubnet } from "#shared/subnet/open-subnet.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { archiveOption, locationFrom, type SubnetOptions, subnetOptions } from "../../subnet-options.js";
import { checkSavable, save } from "./figures.js";

interface Options extends SubnetOptions {
  readonly scenario?: string;
  readonly from?: number;
  readonly to?: number;
  readonly store?: readonly string[];
  readonly json?: string;
}

export const replay: CommandSpec = {
  name: "replay",
  description: "pay what validators really agreed on by the network's own reward curve and by another",
  examples: [
    "blockzero rewards replay",
    "blockzero rewards replay --scenario subnet.yaml --home .blockzero/localnet --json replay.json",
    "blockzero rewards replay --scenario subnet.yaml --chain wss://entrypoint-finney.opentensor.ai:443 --netuid 1 --from 900",
  ],
  define: (command) => {
    archiveOption(
      subnetOptions(
        command
          .option(
            "--scenario <file>",
            "YAML whose economy has the other curve, and perhaps another burn and window; unset: the default curve",
          )
          .option("--from <cycle>", "first cycle to pay; unset: the first of all", wholeNumber(0))
          .option("--to <cycle>", "last cycle to pay; unset: the newest that is over", wholeNumber(0)),
      ),
    )
      .option("--json <file>", "write all figures as JSON")
      .action(run);
  },
};

const run = async (options: Options): Promise<void> => {
  const rules = readPayRules(options.scenario);
  checkSavable(options.json);
  const log = createLogger({ name: "rewards", level: "warn", format: "pretty" });
  const signal = shutdownSignal();
  const subnet = await openSubnet({ ...locationFrom(options), archives: options.store, log, signal });
  try {
    const { first, last } = subnet;
    const { from = first, to = last } = options;
    if (from < first || to > last || from > to)
      throw new BlockZeroError(
        "CYCLE_UNKNOWN",
        last < first ? "no cycle is over yet" : `there are no cycles ${from} to ${to} among those that are over`,
        last < first ? "wait for the end of a cycle" : `they are ${first} to ${last}`,
      );
    const { rewards, burn, window } = subnet.source.network.scoring;
    const own = { rewards, burn, window };
    const other = { ...own, ...rules };
    const found = await replayPay(subnet, { rules, from, to, signal });
    print(found, own, other);
    save(options.json, () => JSON.stringify({ rules: { own, other }, ...found }, null, 2));
  } finally {
    await subnet.close();
  }
};

const print = ({ cycles, partial, gone, hotkeys, owner }: Replay, own: PayRules, other: PayRules): void => {
  console.log(`cycles ${cycles[0]} to ${cycles.at(-1)}, ${cycles.length} paid; mean shares of a cycle's pay`);
  console.log(`own    ${describe(own)}`);
  console.log(`other  ${describe(other)}`);
  console.log(
    table([
      ["hotkey", "group", "scored in", "own", "other"],
      ...hotkeys.map((one) => [
        one.hotkey,
        one.hotkey === owner ? "(owner)" : (one.group ?? ""),
        String(one.scored),
        percent(one.own),
        percent(one.other),
      ]),
    ]),
  );
  console.log(
    "The owner's uid gets what is burned, what nobody earned, and the pay of cycles in which a group stood still, but for want of votes or reports.",
  );
  if (partial.length > 0)
    console.log(`Not all reports can be had any more of cycle ${partial.join(", ")}: tallied with the others.`);
  if (gone.length > 0)
    console.log(`Nothing can be had any more of cycle ${gone.join(", ")}: not paid, and missed in every window.`);
};

const describe = ({ rewards: { curve, ...parameters }, burn, window }: PayRules): string =>
  `${curve} ${JSON.stringify(parameters)}, burn ${burn}, window ${window}`;

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
