// What a Python with PyTorch looks like to the bench, until it fails: `fake-peer.js REQUEST FAULT N` fails at the Nth such request.
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";

interface Request {
  readonly do: "hello" | "prepare" | "run" | "multiply" | "processor";
  readonly count?: number;
}

const faults: Readonly<Record<string, () => object>> = {
  error: () => ({ error: "RuntimeError: out of memory" }),
  exit: () => {
    writeSync(2, "a warning\nMemoryError\n");
    process.exit(1);
  },
  silence: () => process.exit(3),
  killed: () => {
    writeSync(2, "a warning\n");
    process.kill(process.pid, "SIGKILL");
    return {};
  },
  babble: () => {
    writeSync(1, "Downloading kernels\n");
    return {};
  },
  /** The bench's own end, which nothing can foresee. */
  murder: () => {
    process.kill(process.ppid, "SIGKILL");
    return {};
  },
};

const answer = ({ do: kind, count = 0 }: Request): object => {
  const seconds = Array<number>(count).fill(0.01);
  switch (kind) {
    case "hello":
      return { version: "2.15.0", compiles: false, device: "the processor" };
    case "run":
      return { seconds, losses: Array<number>(count).fill(5) };
    case "multiply":
      return { seconds };
    case "processor":
      return { seconds: 0 };
    case "prepare":
      return {};
  }
};

const [failing, fault = "error", nth = "1"] = process.argv.slice(2);
let seen = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const request: Request = JSON.parse(line);
  const fails = request.do === failing && ++seen >= Number(nth);
  writeSync(1, `${JSON.stringify(fails ? faults[fault]!() : answer(request))}\n`);
}
