import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { BlockZeroError } from "#shared/errors.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { auditCycle } from "../audit/audit-cycle.js";
import { openSubnet } from "../audit/audit-subnet.js";
import type { CycleAudit } from "../audit/findings.js";
import { wholeNumber } from "../whole-number.js";

interface Options {
  readonly cycle?: number;
  readonly all?: boolean;
  readonly home?: string;
  readonly chain?: string;
  readonly netuid?: number;
  readonly allowPrivateAddresses?: boolean;
  readonly evaluate?: boolean;
  readonly tolerance: number;
  readonly json?: boolean;
}

const LOCALNET = ".blockzero/localnet";
const DIVERGES = 1;

export const audit: CommandSpec = {
  name: "audit",
  description: "recompute past cycles from the chain and the artifacts; exit status 1 says that something diverges",
  examples: [
    "blockzero audit --all",
    "blockzero audit --cycle 7 --home .blockzero/localnet --evaluate",
    "blockzero audit --all --chain wss://entrypoint-finney.opentensor.ai:443 --netuid 1 --home checkpoints --json",
  ],
  define: (command) => {
    command
      .option("--cycle <n>", "this cycle; unset: the newest that is over", wholeNumber(0))
      .option("--all", "every cycle since the first")
      .option(
        "--home <dir>",
        `a localnet's home, or beside --chain that of any participant; unset: ${LOCALNET}, or none`,
      )
      .option("--chain <url>", "a node's WebSocket URL or a network's name; unset: the chain in the localnet's home")
      .option("--netuid <n>", "the subnet's number on that chain", wholeNumber(0, 65535))
      .option("--allow-private-addresses", "fetch from loopback and private addresses too")
      .option("--evaluate", "also measure every scored update again, on this machine's processor")
      .option("--tolerance <nats>", "by which losses measured on two machines may differ", Number, 1e-3)
      .option("--json", "print one JSON object")
      .action(async (options: Options) => {
        const audits = await run(options, (found) => {
          if (!options.json) for (const line of linesOf(found)) console.log(line);
        });
        if (options.json) console.log(JSON.stringify({ cycles: audits }));
        if (audits.some(({ result }) => result === "diverges")) process.exitCode = DIVERGES;
        else if (!audits.some(({ result }) => result === "agrees"))
          throw new BlockZeroError(
            "NOTHING_AUDITABLE",
            "of no cycle there is enough left to recompute it",
            "audit sooner, or with --home where its files are kept",
          );
      });
  },
};

const run = async (options: Options, tell: (found: CycleAudit) => void): Promise<readonly CycleAudit[]> => {
  const { cycle, all = false, chain, netuid, allowPrivateAddresses = false, evaluate = false, tolerance } = options;
  if (all && cycle !== undefined)
    throw new BlockZeroError("USAGE", "--cycle and --all exclude each other", "leave one of them out");
  if (!(tolerance >= 0)) throw new BlockZeroError("USAGE", "--tolerance is not a number", "give nats, such as 0.001");
  const home = options.home ?? (chain === undefined ? LOCALNET : undefined);
  const log = createLogger({ name: "audit", level: "warn", format: "pretty" });
  const subnet = await openSubnet({ home, chain, netuid, allowPrivateAddresses, log, signal: shutdownSignal() });
  try {
    const { first, last, source } = subnet;
    if (last < first || (cycle !== undefined && (cycle < first || cycle > last)))
      throw new BlockZeroError(
        "CYCLE_UNKNOWN",
        last < first ? "no cycle is over yet" : `cycle ${cycle} is not among those that are over`,
        last < first ? "wait for the end of a cycle" : `name one from ${first} to ${last}`,
      );
    const reevaluation = evaluate ? await reevaluator(source, tolerance) : undefined;
    const context = { ...subnet, ...(reevaluation && { evaluate: reevaluation.measure }) };
    const audits: CycleAudit[] = [];
    for (let at = all ? first : (cycle ?? last); at <= (all ? last : (cycle ?? last)); at++) {
      const found = await auditCycle(context, at);
      audits.push(found);
      tell(found);
    }
    await reevaluation?.dispose();
    return audits;
  } finally {
    await subnet.close();
  }
};

/** Loads the engine, which recomputing alone does not need. */
const reevaluator = async (source: Parameters<typeof auditCycle>[0]["source"], tolerance: number) => {
  const { onnxCpu } = await import("#shared/engine/runtime/onnx-cpu.js");
  const { createReevaluation } = await import("../audit/evaluate.js");
  return createReevaluation(onnxCpu({ threads: 0 }), source, tolerance);
};

/** One line a cycle, and under it what there is to say. */
const linesOf = ({ cycle, result, recomputed, agreed, base, reports, scored, merged, ...found }: CycleAudit) => {
  const [first, ...more] = result === "diverges" ? found.divergences : found.missing;
  const model = (recomputed ?? agreed ?? base ?? "").slice(0, 12);
  const counts = `${reports} reports, ${scored} scored, ${merged} merged`;
  const line =
    result === "agrees"
      ? `agrees: model ${model}, ${counts}`
      : result === "diverges"
        ? `diverges: ${first}`
        : `not auditable: ${first}`;
  return [
    `cycle ${cycle} ${line}`,
    ...more.map((what) => `  also: ${what}`),
    ...found.notes.map((what) => `  note: ${what}`),
  ];
};
