import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { verdict } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, writeFigures } from "../options.js";
import type { WatchedRole } from "./busy-cycle.js";
import type { FromProgram, ToProgram, Usage } from "./program.js";
import { startWandbService } from "./wandb-service.js";

/** A localnet's cycle, the shortest there is: 60 blocks of 800 ms. On a live chain it is fifteen times as long. */
const CYCLE_MS = 48_000;
/** How often Prometheus asks in such a cycle, every 15 seconds. */
const SCRAPES = 4;
const TARGET_SHARE = 0.01;
const TARGET_MB = 20;

interface Options {
  readonly cycles: number;
  readonly json?: string;
}

export const monitoringBench: CommandSpec = {
  name: "monitoring",
  description:
    "what being watched costs a program: processor time and memory of busy cycles with /metrics, Prometheus and Weights & Biases, less those without",
  examples: ["npm run bench -- monitoring"],
  define: (command) =>
    command
      .option("--cycles <n>", "cycles that are told of", wholeNumber(1), 30)
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ cycles, json }: Options): Promise<void> => {
  const here = machine();
  console.log(describeMachine(here));
  console.log(`${cycles} busy cycles, ${SCRAPES} scrapes each:`);
  const figures = [];
  for (const role of ["miner", "validator"] as const) {
    const off = await measure(role, "off", cycles);
    const on = await measure(role, "on", cycles);
    const cpuMs = (on.cpuMs - off.cpuMs) / cycles;
    const withYoung = (on.resident - off.resident) / 1e6;
    // A program that works has a young generation of that size whether it is watched or not.
    const megabytes = withYoung - (on.young - off.young) / 1e6;
    figures.push({ role, off, on, cpuMs, megabytes, withYoung });
    const share = cpuMs / CYCLE_MS;
    const isMet = share < TARGET_SHARE && megabytes < TARGET_MB;
    console.log(
      `  ${role}: ${cpuMs.toFixed(0)} ms of processor a cycle, ${(100 * share).toFixed(2)} % of ${CYCLE_MS / 1000} s (target: at most ${100 * TARGET_SHARE} %); ` +
        `${megabytes.toFixed(1)} MB resident beside V8's young generation (with it ${withYoung.toFixed(1)}), of these live on the heap ${((on.heap - off.heap) / 1e6).toFixed(1)} ` +
        `(target: at most ${TARGET_MB} MB): ${verdict(isMet)}`,
    );
  }
  await writeFigures(json, { machine: here, cycles, figures, targetShare: TARGET_SHARE, targetMegabytes: TARGET_MB });
};

/** What a program takes for its cycles, the first left out: it compiles what it runs. */
const measure = async (role: WatchedRole, mode: "on" | "off", cycles: number): Promise<Usage> => {
  const folder = mkdtempSync(join(tmpdir(), "blockzero-monitoring-"));
  const wandb = await startWandbService();
  const program = fork(
    fileURLToPath(new URL("./program.js", import.meta.url)),
    [role, mode, folder, String(await freePort())],
    {
      execArgv: ["--expose-gc"],
      env: { ...process.env, WANDB_API_KEY: "0".repeat(40), WANDB_BASE_URL: wandb.url, WANDB_MODE: "online" },
    },
  );
  const hear = listen(program);
  const ask = async <Type extends FromProgram["type"]>(message: ToProgram, answer: Type) => {
    program.send(message);
    return hear(answer);
  };
  try {
    const { url } = await hear("ready");
    const cycle = async () => {
      await ask({ type: "cycle" }, "done");
      for (let scrape = 0; scrape < SCRAPES && url !== null; scrape++) await (await fetch(url)).text();
    };
    await cycle();
    const before = await ask({ type: "measure" }, "usage");
    for (let i = 0; i < cycles; i++) await cycle();
    const after = await ask({ type: "measure" }, "usage");
    return { ...after, cpuMs: after.cpuMs - before.cpuMs };
  } finally {
    const ended = once(program, "exit");
    program.send({ type: "end" } satisfies ToProgram);
    await ended;
    await wandb.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Waits for the program's answers one after another. @throws Error where it ends instead */
const listen = (program: ChildProcess) => {
  const ended = once(program, "exit").then(() => {
    throw new Error("the watched program ended");
  });
  ended.catch(() => {});
  return async <Type extends FromProgram["type"]>(type: Type): Promise<Extract<FromProgram, { type: Type }>> => {
    const [message] = (await Promise.race([once(program, "message"), ended])) as [FromProgram];
    if (message.type !== type) throw new Error(`the watched program said ${message.type}, not ${type}`);
    return message as Extract<FromProgram, { type: Type }>;
  };
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
};
