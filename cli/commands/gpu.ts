import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandGroup, CommandSpec } from "#shared/cli/program.js";
import { worstOf } from "#shared/doctor/examine.js";
import { examineGpu, type GpuMachine } from "#shared/doctor/gpu/examine-gpu.js";
import { outcomeLines, summaryOf } from "#shared/doctor/text.js";
import { checkInChild } from "#shared/engine/runtime/trial.js";
import { homeFolder } from "#shared/files/home-folder.js";

interface Options {
  readonly packages: readonly string[];
  readonly threads: number;
  readonly json?: boolean;
}

const doctor: CommandSpec = {
  name: "doctor",
  description:
    "look for what CUDA needs: card, driver, ONNX Runtime's provider, CUDA's and cuDNN's libraries, and how to get them without root; then the device's self-check. Exit status 1 where something is missing",
  examples: ["blockzero gpu doctor", "blockzero gpu doctor --packages ~/venv/lib/python3.11/site-packages --json"],
  define: (command) => {
    command
      .option("--packages <dir...>", "further folders of Python packages in which NVIDIA's libraries may be", [])
      .option("--threads <n>", "processor threads of the self-check, 0 for all", wholeNumber(0), 0)
      .option(...JSON_FLAG)
      .action(async ({ packages, threads, json = false }: Options) => {
        const outcomes = await examineGpu(thisMachine(packages, threads));
        const verdict = worstOf(outcomes.map((outcome) => outcome.verdict));
        if (json) printJson({ verdict, checks: outcomes });
        else for (const outcome of outcomes) console.log(outcomeLines(outcome));
        if (!json) console.log(summaryOf(outcomes));
        process.exitCode = verdict === "failure" ? 1 : 0;
      });
  },
};

export const gpu: CommandGroup = {
  name: "gpu",
  description: "look after graphics cards",
  commands: [doctor],
};

const SMI_MS = 10_000;

const thisMachine = (packages: readonly string[], threads: number): GpuMachine => {
  const { folder, version } = runtime();
  return {
    platform: process.platform,
    architecture: process.arch,
    root: "/",
    env: process.env,
    runtimeFolder: folder,
    runtimeVersion: version,
    packages: [
      ...packages.map((given) => resolve(given)),
      join(homeFolder(), ".blockzero", "cuda"),
      ...ofEnvironment(),
    ],
    smi: () =>
      new Promise((resolve) => {
        const query = ["--query-gpu=name,driver_version", "--format=csv,noheader"];
        execFile("nvidia-smi", query, { timeout: SMI_MS }, (fault, stdout) => resolve(fault ? null : stdout));
      }),
    selfCheck: () => checkInChild({ kind: "cuda", threads, measure: true }),
  };
};

/** onnxruntime-node's version, and where its libraries for this system lie. */
const runtime = (): { readonly folder: string; readonly version: string } => {
  const manifest = createRequire(import.meta.url).resolve("onnxruntime-node/package.json");
  const { version }: { readonly version: string } = JSON.parse(readFileSync(manifest, "utf8"));
  const bin = join(dirname(manifest), "bin");
  const [napi = "napi-v6"] = readdirSync(bin).filter((name) => name.startsWith("napi-"));
  return { folder: join(bin, napi, process.platform, process.arch), version };
};

/** The packages of the virtual environment that is active. */
const ofEnvironment = (): readonly string[] => {
  const { VIRTUAL_ENV: environment } = process.env;
  if (environment === undefined) return [];
  try {
    return readdirSync(join(environment, "lib")).map((name) => join(environment, "lib", name, "site-packages"));
  } catch {
    return [];
  }
};
