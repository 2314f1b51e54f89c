import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { DRAWN_GROUP } from "#shared/planning/drawn-network.js";
import type { Network } from "#shared/protocol/network.js";
import type { PlanCase } from "./cases.js";
import type { Compared, Turn } from "./compared.js";

export interface PlanFigures {
  readonly name: string;
  readonly role: string;
  /** Bytes. */
  readonly memory: Compared;
  /** Tokens a second. */
  readonly speed: Compared;
}

const TOKENS = "tokens a second";
const exec = promisify(execFile);
const program = (name: string) => fileURLToPath(new URL(`../../${name}/main.js`, import.meta.url));
const judging = fileURLToPath(new URL("judging.js", import.meta.url));

/** Runs a program that prints one JSON document. */
const ask = async <T>(...args: readonly string[]): Promise<T> => {
  const { stdout } = await exec(process.execPath, args, { maxBuffer: 1 << 24 });
  return JSON.parse(stdout) as T;
};

/** Each measurement lies between two plans, so that a machine whose speed varies shows it. */
const TURNS = 3;

const inTurns = async <P, M>(plan: () => Promise<P>, measure: () => Promise<M>) => {
  const turns: { before: P; measured: M; after: P }[] = [];
  for (let i = 0; i < TURNS; i++) turns.push({ before: await plan(), measured: await measure(), after: await plan() });
  const compared = (what: string, planned: (plan: P) => number, measured: (found: M) => number): Compared => ({
    what,
    turns: turns.map(
      (turn): Turn => ({
        before: planned(turn.before),
        measured: measured(turn.measured),
        after: planned(turn.after),
      }),
    ),
  });
  return compared;
};

/** What `blockzero-miner plan` says, as far as it is read here. */
interface MinerPlan {
  readonly memory: { readonly total: number };
  readonly train: { readonly tokensPerStep: number };
}

interface StepOptions {
  readonly way: "whole" | "layers";
  readonly batchSize: number;
  readonly threads: number;
}

const askMiner = <T>(file: string, { way, batchSize, threads }: StepOptions, ...more: readonly string[]) =>
  ask<MinerPlan & T>(
    ...[program("miner"), "plan", "--network", file, "--expert_group", DRAWN_GROUP, "--device", "cpu"],
    ...["--batch_size", `${batchSize}`, "--gradient_accumulation_steps", "1", "--training.program", way],
    ...["--threads", `${threads}`, "--json", ...more],
  );

interface MeasuredStep {
  readonly measured: { readonly peakResident: number; readonly stepSeconds: number };
}

const trained = (file: string, options: StepOptions) => askMiner<MeasuredStep>(file, options, "--measure", "--no-rate");

/** Trains a few steps of the first group's shard in a process of its own, which is the miner's. */
export const measuredStep = (network: Network, options: StepOptions): Promise<MinerPlan & MeasuredStep> =>
  withNetwork(network, (file) => trained(file, options));

/** What `blockzero-miner plan` says of a case, and what a few steps take; by either program. */
export const comparedMiner = (
  { name, network, batchSize }: PlanCase,
  way: "whole" | "layers",
  threads: number,
): Promise<PlanFigures> =>
  withNetwork(network, async (file) => {
    const options = { way, batchSize, threads };
    const compared = await inTurns(
      () => askMiner<{ readonly time: { readonly tokensPerSecond: number } }>(file, options),
      () => trained(file, options),
    );
    return {
      name,
      role: `miner, ${way}`,
      memory: compared(
        "resident",
        ({ memory }) => memory.total,
        ({ measured }) => measured.peakResident,
      ),
      speed: compared(
        TOKENS,
        ({ time }) => time.tokensPerSecond,
        ({ train, measured }) => train.tokensPerStep / measured.stepSeconds,
      ),
    };
  });

/** What `blockzero-validator plan` says of a case, and what judging one update as a whole takes. */
export const comparedValidator = ({ name, network }: PlanCase, threads: number): Promise<PlanFigures> =>
  withNetwork(network, async (file) => {
    const compared = await inTurns(
      () =>
        ask<{ readonly memory: { readonly total: number }; readonly time: { readonly tokensPerSecond: number } }>(
          ...[program("validator"), "plan", "--network", file, "--evaluation.memory_gib", "1024", "--device", "cpu"],
          ...["--threads", `${threads}`, "--json"],
        ),
      () => ask<{ readonly anonymous: number; readonly tokensPerSecond: number }>(judging, file, `${threads}`),
    );
    return {
      name,
      role: "validator, whole",
      memory: compared(
        "anonymous",
        ({ memory }) => memory.total,
        ({ anonymous }) => anonymous,
      ),
      speed: compared(
        TOKENS,
        ({ time }) => time.tokensPerSecond,
        ({ tokensPerSecond }) => tokensPerSecond,
      ),
    };
  });

const withNetwork = async <T>(network: Network, work: (file: string) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), "blockzero-plan-"));
  try {
    const file = join(folder, "network.json");
    await writeFile(file, JSON.stringify(network));
    return await work(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
