import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { processMemory } from "../process-memory.js";

const PROGRAM = fileURLToPath(new URL("../../cli/main.js", import.meta.url));
const SAMPLE_MS = 500;

export interface Stage {
  readonly name: string;
  /** By the clock. */
  seconds: number;
  /** Largest resident memory seen, bytes. */
  memory: number;
}

export interface Run {
  readonly stages: readonly Stage[];
  /** Largest resident memory of the whole run as the kernel counted it, bytes. */
  readonly peak: number;
  /** Whether the pack is whole. */
  readonly isDone: boolean;
}

/**
 * Runs `blockzero data pack` on a corpus with the byte tokenizer, and watches its memory (Linux).
 *
 * @param seconds after which it is killed without warning
 */
export const packProcess = async (corpus: string, out: string, seconds?: number): Promise<Run> => {
  const args = [PROGRAM, "data", "pack", corpus, "--tokenizer", "byte", "--out", out, "--threads", "1", "--json"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  const stages: Stage[] = [];
  let said = "";
  let peak = 0;
  let last = performance.now();
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = text;
    for (const name of stagesIn(text)) if (stages.at(-1)?.name !== name) stages.push({ name, seconds: 0, memory: 0 });
  });
  const killer = seconds === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), 1000 * seconds);
  const timer = setInterval(() => {
    const now = performance.now();
    const stage = stages.at(-1);
    const { resident, highest } = memoryOf(child.pid!);
    peak = Math.max(peak, highest);
    if (stage) {
      stage.seconds += (now - last) / 1000;
      stage.memory = Math.max(stage.memory, resident);
    }
    last = now;
  }, SAMPLE_MS);
  const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (...ended) => resolve(ended));
  }).finally(() => {
    clearInterval(timer);
    clearTimeout(killer);
  });
  if (status !== 0 && !(signal === "SIGKILL" && seconds !== undefined))
    throw new Error(`blockzero data pack ended with ${status ?? signal}: ${said}`);
  return { stages, peak, isDone: status === 0 };
};

/** The stages that lines of progress name: without a terminal one comes every ten seconds. */
const stagesIn = (text: string): readonly string[] =>
  text.split("\n").flatMap((line) => /^([a-z]+(?: [a-z]+)*) {2,}.* \d+ %/.exec(line)?.[1] ?? []);

/** Resident memory now and at most; zero once the process is gone. */
const memoryOf = (pid: number): { readonly resident: number; readonly highest: number } => ({
  resident: processMemory("VmRSS", pid) ?? 0,
  highest: processMemory("VmHWM", pid) ?? 0,
});
