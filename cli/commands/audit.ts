import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { checkSources } from "#datasets/tokens.js";
import { cycleAuditor } from "#inspect/audit/audit-cycle.js";
import { allAgree, auditLines, olderLines, olderThanKept } from "#inspect/audit/audit-text.js";
import type { Reevaluation } from "#inspect/audit/evaluate.js";
import type { CycleAudit } from "#inspect/audit/findings.js";
import { auditsPastHead, type ModelCycles, modelCycles } from "#inspect/audit/past-head.js";
import { printJson } from "#shared/cli/json.js";
import { nonNegativeNumber, wholeNumber } from "#shared/cli/numbers.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { lastModelBlock, modelOutcome } from "#shared/replay/agreed-outcome.js";
import { type OpenedSubnet, openSubnet } from "#shared/subnet/open-subnet.js";
import { subnetWithTexts } from "#shared/subnet/texts.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { archiveOption, locationFrom, type SubnetOptions, subnetOptions } from "../subnet-options.js";

interface Options extends SubnetOptions {
  readonly cycle?: number;
  readonly all?: boolean;
  readonly store?: readonly string[];
  readonly everyServer?: boolean;
  readonly evaluate?: boolean;
  readonly tolerance: number;
  readonly memoryGib: number;
  readonly json?: boolean;
}

const DISAGREES = 1;

export const audit: CommandSpec = {
  name: "audit",
  description:
    "recompute past cycles from the chain and the artifacts; exit status 0 says that all agree, but for those with --all that are older than what is kept",
  examples: [
    "blockzero audit --all",
    "blockzero audit --cycle 7 --home .blockzero/localnet --evaluate",
    "blockzero audit --all --chain wss://entrypoint-finney.opentensor.ai:443 --netuid 1 --home checkpoints --json",
  ],
  define: (command) => {
    archiveOption(
      subnetOptions(
        command
          .option("--cycle <n>", "this cycle; unset: the newest that is settled", wholeNumber(0))
          .option("--all", "every cycle since the first"),
      ),
    )
      .option("--every-server", "ask every server for every file, also when somebody gave it")
      .option("--evaluate", "also measure every scored update and candidate step again, on this machine's processor")
      .option("--tolerance <nats>", "by which losses measured on two machines may differ", nonNegativeNumber, 1e-3)
      .option(
        "--memory-gib <n>",
        "GiB of memory for --evaluate; a model whose weights would take more, in float32 and twice, is measured layer by layer. 0 takes half of the machine's",
        nonNegativeNumber,
        0,
      )
      .option("--json", "print one JSON object")
      .action(async (options: Options) => {
        const { settled, audits } = await run(options, (line) => {
          if (!options.json) console.log(line);
        });
        const older = olderThanKept(audits);
        if (options.json) printJson({ ...settled, cycles: audits, older });
        else for (const line of olderLines(older)) console.log(line);
        if (!allAgree(audits)) process.exitCode = DISAGREES;
      });
  },
};

/** What there was to be audited: the cycles that are settled, and the chain's newest block. */
interface Settled {
  readonly first: number;
  readonly last: number;
  readonly head: number;
}

const run = async (
  options: Options,
  tell: (line: string) => void,
): Promise<{ readonly settled: Settled; readonly audits: readonly CycleAudit[] }> => {
  const { cycle, all = false, evaluate = false, store: archives, everyServer } = options;
  if (all && cycle !== undefined)
    throw new BlockZeroError("USAGE", "--cycle and --all exclude each other", "leave one of them out");
  const log = createLogger({ name: "audit", level: "warn", format: "pretty" });
  const signal = shutdownSignal();
  const location = locationFrom(options);
  const { home, chain } = location;
  const looksPast = cycle === undefined && chain === undefined && home !== undefined && existsSync(home);
  const modelled: ModelCycles = looksPast ? await modelCycles(home) : new Map();
  const opened = await openSubnet({ ...location, archives, everyServer, log, signal });
  try {
    const subnet = await withCheckedTexts(opened, evaluate, tell);
    const { first, head, source } = subnet;
    const last = await lastSettled(subnet);
    const past = cycle === undefined ? auditsPastHead(modelled, { ...source, head }) : [];
    if ((last < first && past.length === 0) || (cycle !== undefined && (cycle < first || cycle > last)))
      throw new BlockZeroError(
        "CYCLE_UNKNOWN",
        last < first ? "no cycle is settled yet" : `cycle ${cycle} is not among those that are settled`,
        last < first ? "wait for the end of the first cycle's merge" : `name one from ${first} to ${last}`,
      );
    const reevaluation = evaluate ? await reevaluator(opened, options, signal) : undefined;
    const auditCycle = cycleAuditor({ ...subnet, signal, ...(reevaluation && { evaluate: reevaluation.measure }) });
    tell(`settled: cycles ${first}–${last}, head ${head}`);
    const audits: CycleAudit[] = [];
    const found = (one: CycleAudit) => {
      audits.push(one);
      for (const line of auditLines(one)) tell(line);
    };
    for (let at = all || last < first ? first : (cycle ?? last); at <= (all ? last : (cycle ?? last)); at++) {
      signal.throwIfAborted();
      found(await auditCycle(at));
    }
    await reevaluation?.dispose();
    for (const gone of past) found(gone);
    return { settled: { first, last, head }, audits };
  } finally {
    await opened.close();
  }
};

/**
 * Looks at the text that decides: every file of documents by its hash, every source of the toolkit by its version. Without the text merges can still
 * be recomputed, but nothing measured again.
 */
const withCheckedTexts = async (
  subnet: OpenedSubnet,
  isNeeded: boolean,
  tell: (line: string) => void,
): Promise<OpenedSubnet> => {
  try {
    const placed = await subnetWithTexts(subnet);
    checkSources(placed.source.network);
    return placed;
  } catch (thrown) {
    if (isNeeded || !(thrown instanceof BlockZeroError)) throw thrown;
    tell(`text not checked: ${thrown.message}`);
    return subnet;
  }
};

/** The newest cycle of which the validators agree on a model, or can no more. */
const lastSettled = async ({ source, head, last }: OpenedSubnet): Promise<number> => {
  const end = lastModelBlock(last, source.network);
  if (last < source.network.first_cycle || head >= end) return last;
  const { agreed } = await modelOutcome(source, last, head);
  return agreed === null ? last - 1 : last;
};

/** Loads the engine, which recomputing alone does not need; cycles under other network files have other batches. */
const reevaluator = async (
  { files }: OpenedSubnet,
  { tolerance, memoryGib }: Pick<Options, "tolerance" | "memoryGib">,
  signal: AbortSignal,
): Promise<Reevaluation> => {
  const { onnxCpu } = await import("#shared/engine/runtime/onnx-cpu.js");
  const { evaluationMemory } = await import("#shared/evaluation/evaluation-memory.js");
  const { createReevaluation } = await import("#inspect/audit/evaluate.js");
  const measuring = { tolerance, files, memory: evaluationMemory(memoryGib), folder: tmpdir(), signal };
  const device = onnxCpu({ threads: 0 });
  const ofNetworks = new Map<string, Reevaluation>();
  return {
    measure: async (cycle, findings) => {
      const { networkHash } = cycle.source;
      const { source } = await subnetWithTexts({ source: cycle.source, files });
      const one = ofNetworks.get(networkHash) ?? createReevaluation(device, source, measuring);
      ofNetworks.set(networkHash, one);
      await one.measure(cycle, findings);
    },
    dispose: async () => {
      for (const one of ofNetworks.values()) await one.dispose();
    },
  };
};
