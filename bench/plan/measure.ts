import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { DRAWN_GROUP } from "#shared/planning/drawn-network.js";
import type { Network } from "#shared/protocol/network.js";
import type { PlanCase } from "./cases.js";

/** A prediction of `plan`, and what was measured. */
export interface Compared {
  readonly what: string;
  readonly planned: number;
  readonly measured: number;
}

export interface PlanFigures {
  readonly name: string;
  readonly role: string;
  /** Bytes. */
  readonly memory: Compared;
  /** Tokens a second. */
  readonly speed: Compared;
}

const exec = promisify(execFile);
const program = (name: string) => fileURLToPath(new URL(`../../${name}/main.js`, import.meta.url));
const judging = fileURLToPath(new URL("judging.js", import.meta.url));

/** Runs a program that prints one JSON document. */
const ask = async <T>(...args: readonly string[]): Promise<T> => {
  const { stdout } = await exec(process.execPath, args, { maxBuffer: 1 << 24 });
  return JSON.parse(stdout) as T;
};

/** What `blockzero-miner plan --measure` says, as far as it is read here. */
interface MinerPlan {
  readonly memory: { readonly total: number };
  readonly time?: { readonly tokensPerSecond: number };
  readonly measured: { readonly peakResident: number; readonly stepSeconds: number };
  readonly train: { readonly tokensPerStep: number };
}

interface StepOptions {
  readonly way: "whole" | "layers";
  readonly batchSize: number;
  readonly threads: number;
  /** Whether products are measured too. */
  readonly rate: boolean;
}

/** Trains a few steps of the first group's shard in a process of its own, which is the miner's. */
export const measuredStep = (network: Network, { way, batchSize, threads, rate }: StepOptions): Promise<MinerPlan> =>
  withNetwork(network, (file) =>
    ask<MinerPlan>(
      ...[program("miner"), "plan", "--network", file, "--expert_group", DRAWN_GROUP, "--device", "cpu"],
      ...["--batch_size", `${batchSize}`, "--gradient_accumulation_steps", "1", "--training.program", way],
      ...["--threads", `${threads}`, "--measure", "--json", ...(rate ? [] : ["--no-rate"])],
    ),
  );

/** What `blockzero-miner plan` says of a case, and what a few steps take; by either program. */
export const comparedMiner = async (
  { name, network, batchSize }: PlanCase,
  way: "whole" | "layers",
  threads: number,
): Promise<PlanFigures> => {
  const { memory, time, measured, train } = await measuredStep(network, { way, batchSize, threads, rate: true });
  return {
    name,
    role: `miner, ${way}`,
    memory: { what: "resident", planned: memory.total, measured: measured.peakResident },
    speed: {
      what: "tokens a second",
      planned: time!.tokensPerSecond,
      measured: train.tokensPerStep / measured.stepSeconds,
    },
  };
};

/** What `blockzero-validator plan` says of a case, and what judging one update as a whole takes. */
export const comparedValidator = ({ name, network }: PlanCase, threads: number): Promise<PlanFigures> =>
  withNetwork(network, async (file) => {
    const plan = await ask<{
      readonly memory: { readonly total: number };
      readonly time: { readonly tokensPerSecond: number };
    }>(
      ...[program("validator"), "plan", "--network", file, "--evaluation.memory_gib", "1024", "--device", "cpu"],
      ...["--threads", `${threads}`, "--json"],
    );
    const measured = await ask<{ readonly anonymous: number; readonly tokensPerSecond: number }>(
      judging,
      file,
      `${threads}`,
    );
    return {
      name,
      role: "validator, whole",
      memory: { what: "anonymous", planned: plan.memory.total, measured: measured.anonymous },
      speed: {
        what: "tokens a second",
        planned: plan.time.tokensPerSecond,
        measured: measured.tokensPerSecond,
      },
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
