import { type Flags, loadProgramConfig, programFlags } from "#shared/cli/config-flags.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { KEPT_CYCLES } from "#shared/participant/writes/journal.js";
import { hotkeyAddress } from "#shared/signing/open-signer.js";
import { plural } from "#shared/util/plural.js";
import { minerSettings } from "../config.js";
import type { Point, PointState } from "./points.js";

interface Options {
  readonly cycles: number;
  readonly json?: boolean;
}

const MARKS: Readonly<Record<PointState, string>> = { settled: "✔", open: "▲", unknown: "–" };

export const checkupCommand: CommandSpec = {
  name: "checkup",
  description:
    "says from this miner's own metrics and journal what is in order (✔), what to change (▲, and how), and what cannot be seen there (–); exit status 1 where there is something to change",
  examples: [
    "blockzero-miner checkup --config miner.yaml",
    "blockzero-miner checkup --config miner.yaml --cycles 50 --json",
  ],
  define: (command) => {
    command
      .option("--cycles <n>", "newest cycles that are looked at", wholeNumber(1, KEPT_CYCLES), 20)
      .option(...JSON_FLAG);
    programFlags(command, minerSettings, "the miner's YAML file").action(
      async ({ cycles, json = false, ...flags }: Options & Flags) => {
        const config = loadProgramConfig(minerSettings, flags);
        const { wallet, netuid, checkpoint_dir: checkpointDir, dry_run: dryRun } = config;
        const address = await hotkeyAddress(wallet);
        const [{ readHistory }, { checklist }] = await Promise.all([import("./history.js"), import("./points.js")]);
        const history = readHistory({ checkpointDir, address, netuid, wallet, dryRun }, cycles);
        const points = checklist(history, config);
        const open = points.filter(({ state }) => state === "open").length;
        if (json) printJson({ cycles: history.map(({ cycle }) => cycle), open, points });
        else
          console.log(
            [
              ...points.map(lines),
              "",
              `${open} of ${points.length} points open, over ${plural(history.length, "cycle")}`,
            ].join("\n"),
          );
        process.exitCode = open > 0 ? 1 : 0;
      },
    );
  },
};

const lines = ({ question, state, says, advice }: Point): string =>
  [`${MARKS[state]} ${question} ${says}`, ...(advice === undefined ? [] : [`  → ${advice}`])].join("\n");
