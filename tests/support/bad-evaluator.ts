/** Evaluators that break the contract of docs/own-evaluator.md in one way each: `node bad-evaluator.js FAULT`. */
import { createInterface } from "node:readline";

interface Request {
  readonly id: number;
}

const answer = (document: unknown): void => void console.log(JSON.stringify(document));

const faults: Readonly<Record<string, (request: Request) => void>> = {
  wrong: ({ id }) => answer({ id, losses: [1, 2, 3] }),
  few: ({ id }) => answer({ id, losses: [1] }),
  shape: ({ id }) => answer({ id, losses: "none" }),
  text: () => void console.log("{ not JSON"),
  endless: () => void console.log(`{"id": ${"1".repeat(2 << 20)}`),
  dies: () => {
    console.error("CUDA out of memory");
    process.exitCode = 3;
    process.stdin.destroy();
  },
  brief: ({ id }) => {
    answer({ id, losses: [1, 2, 3] });
    process.exitCode = 4;
    process.stdin.destroy();
  },
  other: ({ id }) => answer({ id: id + 1, losses: [1, 2, 3] }),
  chatters: ({ id }) => {
    answer({ id, losses: [1, 2, 3] });
    answer({ id, losses: [1, 2, 3] });
    setInterval(() => undefined, 1 << 30);
  },
  silent: () => undefined,
};

for await (const line of createInterface({ input: process.stdin })) faults[process.argv[2]!]!(JSON.parse(line));
