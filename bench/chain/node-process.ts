import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { BlockZeroError } from "#shared/errors/error.js";

/** A chain's node, in a process of its own as in real life. */
export interface NodeProcess {
  readonly endpoint: string;
  close(): Promise<void>;
}

const program = fileURLToPath(new URL("../../cli/main.js", import.meta.url));

/** Starts a `blockzero` command that serves a chain on a free port. Throws BENCH_NODE with what it said where it ends instead. */
export const startNode = async (args: readonly string[]): Promise<NodeProcess> => {
  const child = spawn(process.execPath, [program, ...args, "--port", "0", "--block-time", "0"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const complaints: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => complaints.push(chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const endpoint = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const [, said] = /^endpoint\s+(ws:\S+)$/.exec(line) ?? [];
      if (said) resolve(said);
    });
    void ended.then(() => {
      const said = complaints.join("").trim().slice(0, 500);
      reject(new BlockZeroError("BENCH_NODE", `blockzero ${args[0]} ended: ${said}`, "put right what it says"));
    });
  });
  return {
    endpoint,
    close: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
};
