/** Trainers that break the contract of docs/own-trainer.md in one way each: `node bad-trainer.js FAULT`. */
import { spawn } from "node:child_process";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeSafetensors, type Tensor } from "#shared/tensor-files/safetensors.js";

interface Job {
  readonly resumed: boolean;
  readonly paths: { readonly output: string; readonly state: string };
  readonly trained: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

const job: Job = JSON.parse(readFileSync(process.env.BLOCKZERO_JOB!, "utf8"));

type Tensors = Map<string, Tensor>;

const good = (value = 0.5): Tensors =>
  new Map(
    job.trained.map(({ name, shape }) => {
      const data = new Float32Array(shape.reduce((product, side) => product * side, 1)).fill(value);
      return [name, { dtype: "F32", shape, data: new Uint8Array(data.buffer) }] as const;
    }),
  );

const fileOf = (step: number): string => join(job.paths.output, `experts-${step}.safetensors`);

const save = (step: number, tensors: Tensors = good(), tokens?: number): void => {
  const metadata = new Map(tokens === undefined ? [] : [["tokens", String(tokens)] as const]);
  writeFileSync(`${fileOf(step)}.tmp`, encodeSafetensors(tensors, metadata));
  renameSync(`${fileOf(step)}.tmp`, fileOf(step));
};

const tell = (step: number): void => void console.log(JSON.stringify({ step, loss: 2, tokens: 10 * step }));

const forever = (): void => void setInterval(() => undefined, 1 << 30);

const faults: Readonly<Record<string, () => void>> = {
  nothing: () => undefined,
  "no-exit-status": () => {
    console.error("CUDA out of memory");
    process.exitCode = 3;
  },
  "fails-late": () => {
    tell(1);
    save(1);
    process.exitCode = 3;
  },
  "not-finite": () => save(1, good(Number.NaN)),
  "newest-bad": () => {
    save(1, good(0.25), 640);
    save(2, good(Number.POSITIVE_INFINITY));
  },
  many: () => {
    for (let step = 1; step <= 9; step++) save(step);
    tell(9);
    forever();
  },
  flood: () => {
    for (let i = 0; i < 2_000; i++) console.error(`line ${i}`);
    for (let step = 1; step <= 2_000; step++) tell(step);
    console.log(`{"step": 1, "loss": ${"1".repeat(100_000)}}`);
    console.log('{"step": "one"}');
    save(2_000);
  },
  disk: () => {
    writeFileSync(join(job.paths.state, "log"), Buffer.alloc(1 << 20));
    save(1);
    tell(1);
    process.on("SIGTERM", () => undefined);
    forever();
  },
  deaf: () => {
    process.on("SIGTERM", () => undefined);
    // In a session of its own, as torchrun starts its workers.
    const child = spawn(process.execPath, ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1 << 30)"], {
      detached: true,
      stdio: "inherit",
    });
    child.unref();
    save(1);
    tell(1);
    forever();
  },
  "tells-only": () => {
    tell(1);
    forever();
  },
  obeys: () => {
    process.once("SIGTERM", () => {
      save(7);
      process.exit(0);
    });
    tell(6);
    forever();
  },
  resumes: () => {
    writeFileSync(join(job.paths.state, job.resumed ? "resumed" : "fresh"), "");
    if (!job.resumed) save(1);
    tell(job.resumed ? 2 : 1);
    if (!job.resumed) forever();
  },
  environment: () => {
    writeFileSync(join(job.paths.state, "environment.json"), JSON.stringify({ env: process.env, cwd: process.cwd() }));
    save(1);
  },
};

faults[process.argv[2]!]!();
