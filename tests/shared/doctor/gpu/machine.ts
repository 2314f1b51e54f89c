import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { examineGpu, type GpuMachine } from "#shared/doctor/gpu/examine-gpu.js";
import { temporaryFolder } from "../../artifact/temporary.js";

/** A shared library that is linked to others, as far as its header says. */
export const library = (needed: readonly string[]): Buffer => {
  const strings = Buffer.from(`\0${needed.map((name) => `${name}\0`).join("")}`);
  const entries = [
    ...needed.map((name) => [1, strings.indexOf(`\0${name}\0`) + 1] as const),
    [5, ADDRESS + 0x200] as const,
  ];
  const file = Buffer.alloc(0x200 + strings.length);
  file.write("\u007fELF\u0002\u0001\u0001", "latin1");
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(2, 56);
  const segment = (at: number, type: number, offset: number, size: number) => {
    file.writeUInt32LE(type, at);
    file.writeBigUInt64LE(BigInt(offset), at + 8);
    file.writeBigUInt64LE(BigInt(ADDRESS + offset), at + 16);
    file.writeBigUInt64LE(BigInt(size), at + 32);
  };
  segment(64, 1, 0, file.length);
  segment(120, 2, 176, 16 * (entries.length + 1));
  for (const [i, [tag, value]] of entries.entries()) {
    file.writeBigInt64LE(BigInt(tag), 176 + 16 * i);
    file.writeBigUInt64LE(BigInt(value), 184 + 16 * i);
  }
  strings.copy(file, 0x200);
  return file;
};

/** Where it would be loaded. */
const ADDRESS = 0x40000;

export const RUNTIME = "/app/bin/linux/x64";
const LIBRARIES = "/usr/lib/x86_64-linux-gnu";

export const NEEDED = [
  "libcublasLt.so.13",
  "libcublas.so.13",
  "libcurand.so.10",
  "libcudart.so.13",
  "libcuda.so.1",
  "libc.so.6",
];
export const LAZY = ["libcufft.so.12", "libnvrtc.so.13", "libnvJitLink.so.13"];
const CUDA = NEEDED.filter((name) => /cublas|curand|cudart/.test(name));

/** Files of a machine on which all is as it should be. */
export const complete = (): Record<string, string | Buffer> => ({
  "/proc/driver/nvidia/version":
    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build\nGCC version:  gcc version 11.4.0\n",
  "/proc/driver/nvidia/gpus/0000:17:00.0/information": "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 100\n",
  [`${LIBRARIES}/libcuda.so.1`]: "",
  [`${RUNTIME}/libonnxruntime_providers_cuda.so`]: library(NEEDED),
  [`${RUNTIME}/libonnxruntime_providers_shared.so`]: library(["libc.so.6"]),
  ...Object.fromEntries([...CUDA, ...LAZY, "libcudnn.so.9"].map((name) => [`${LIBRARIES}/${name}`, ""])),
});

/** Writes a folder that looks like a machine, and examines it. Outcomes by the check's name. */
export const examined = async (
  t: TestContext,
  files: Readonly<Record<string, string | Buffer>>,
  options: Partial<GpuMachine> = {},
) => {
  const root = temporaryFolder(t);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  const outcomes = await examineGpu({
    platform: "linux",
    architecture: "x64",
    root,
    env: {},
    runtimeFolder: RUNTIME,
    runtimeVersion: "1.30.0",
    packages: [],
    smi: async () => null,
    selfCheck: async () => 20,
    ...options,
  });
  const of = (check: string) => outcomes.find((outcome) => outcome.check === check)!;
  const failures = outcomes.filter(({ verdict }) => verdict === "failure").map(({ check }) => check);
  return { outcomes, of, failures };
};
