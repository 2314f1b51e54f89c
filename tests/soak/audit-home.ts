import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../cli/main.js", import.meta.url));

export interface HomeAudit {
  readonly agreeing: number;
  /** Cycles whose files are deleted, or whose states the chain has discarded. */
  readonly gone: number;
  readonly problems: readonly string[];
}

interface Audited {
  readonly cycle: number;
  readonly result: string;
  readonly divergences: readonly string[];
  readonly missing: readonly string[];
}

/** Audits every cycle of a localnet's home as a stranger would, with the program. Those before the first that agrees may be gone. */
export const auditHome = async (home: string): Promise<HomeAudit> => {
  const child = spawn(process.execPath, [PROGRAM, "audit", "--all", "--home", home, "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let answer = "";
  let said = "";
  child.stdout.on("data", (data) => (answer += data));
  child.stderr.on("data", (data) => (said += data));
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const cycles = cyclesOf(answer);
  if (cycles === null) return { agreeing: 0, gone: 0, problems: [`audit ended with ${status}: ${said.trim()}`] };
  const first = cycles.findIndex(({ result }) => result === "agrees");
  const readable = first < 0 ? [] : cycles.slice(first);
  const problems = readable
    .filter(({ result }) => result !== "agrees")
    .map(({ cycle, result, divergences, missing }) => `cycle ${cycle} ${result}: ${[...divergences, ...missing][0]}`);
  const diverging = cycles
    .slice(0, Math.max(0, first))
    .filter(({ result }) => result === "diverges")
    .map(({ cycle, divergences }) => `cycle ${cycle} diverges: ${divergences[0]}`);
  return {
    agreeing: readable.length - problems.length,
    gone: first < 0 ? cycles.length : first,
    problems: first < 0 ? ["no cycle agrees"] : [...diverging, ...problems],
  };
};

const cyclesOf = (answer: string): readonly Audited[] | null => {
  try {
    return (JSON.parse(answer) as { cycles: readonly Audited[] }).cycles;
  } catch {
    return null;
  }
};
