import { existsSync } from "node:fs";
import { join } from "node:path";
import { reasonOf } from "#shared/errors/error.js";
import { type Finding, failure, ok, warning } from "../check.js";
import { type Driver, leastDriverAbove, readDriver } from "./driver.js";
import { findLibrary, loaderFolders, packageFolders } from "./library-search.js";
import { neededLibraries } from "./needed-libraries.js";
import { isOfCuda, lazyLibraries, majorOf, wheelOf } from "./wheels.js";

/** What is looked at. Tests pass a folder that looks like a machine. */
export interface GpuMachine {
  readonly platform: string;
  readonly architecture: string;
  /** Before every path below: `/`. */
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where onnxruntime-node has its libraries: the provider must lie beside them. */
  readonly runtimeFolder: string;
  /** onnxruntime-node's version: the provider's must be the same. */
  readonly runtimeVersion: string;
  /** Folders of Python packages that may hold NVIDIA's libraries. */
  readonly packages: readonly string[];
  /** What `nvidia-smi` prints of names and driver versions, or null. */
  readonly smi: () => Promise<string | null>;
  /** Runs the device's self-check; how many times as fast as the processor it is. */
  readonly selfCheck: () => Promise<number | undefined>;
}

/** One thing that was looked at. */
export interface GpuOutcome extends Finding {
  readonly check: string;
}

const PROVIDER = "libonnxruntime_providers_cuda.so";
const SHARED = "libonnxruntime_providers_shared.so";
const CUDNN = "libcudnn.so.9";

/** CUDA of PyPI's onnxruntime-gpu of the version that this package has: read from its provider with `readelf -d`. */
const CUDA_OF_WHEEL = 13;

/** Looks at everything that CUDA needs here, in the order in which it must be put right. */
export const examineGpu = async (machine: GpuMachine): Promise<readonly GpuOutcome[]> => {
  const { platform, architecture } = machine;
  if (platform !== "linux" || architecture !== "x64")
    return [
      {
        check: "system",
        ...failure(
          `onnxruntime-node has a CUDA provider for Linux on x86-64 alone; this is ${platform} on ${architecture}`,
          "set device: webgpu, or auto, which tries it",
        ),
      },
    ];
  const driver = readDriver(machine.root, await machine.smi());
  const needed = await neededLibraries(join(machine.root, machine.runtimeFolder, PROVIDER));
  const cuda = cudaOf(needed);
  const outcomes: GpuOutcome[] = [
    { check: "system", ...ok("Linux on x86-64") },
    { check: "driver", ...driverFinding(driver, cuda) },
    { check: "cards", ...cardsFinding(driver) },
    { check: "libcuda", ...libcudaFinding(machine) },
    { check: "provider", ...providerFinding(machine, needed) },
    { check: "cuda", ...cudaFinding(machine, needed, cuda) },
    { check: "cudnn", ...cudnnFinding(machine, cuda) },
  ];
  return [...outcomes, { check: "self-check", ...(await selfCheckFinding(machine, outcomes)) }];
};

/** The version of CUDA that the provider is built for; that of PyPI's wheel where there is none yet. */
const cudaOf = (needed: readonly string[] | null): number => {
  const runtime = needed?.find((soname) => soname.startsWith("libcudart.so."));
  return runtime === undefined ? CUDA_OF_WHEEL : majorOf(runtime);
};

const driverFinding = (driver: Driver | null, cuda: number): Finding => {
  if (driver === null)
    return failure(
      "no NVIDIA driver: neither /proc/driver/nvidia nor nvidia-smi",
      "install the card's driver (that needs root); in a container pass the card through (--gpus all)",
    );
  const { version } = driver;
  if (version === null)
    return warning("the driver does not say its version", `CUDA ${cuda} must be within what it supports`);
  const least = leastDriverAbove(version, cuda);
  return least === null
    ? ok(`${version}, new enough for CUDA ${cuda}`)
    : failure(`${version} is too old for CUDA ${cuda}`, `update the driver to ${least} or later (that needs root)`);
};

const cardsFinding = (driver: Driver | null): Finding => {
  const cards = driver?.cards ?? [];
  if (cards.length === 0) return failure("no card", "see the driver; nvidia-smi must list one");
  return ok(cards.join(", "));
};

const libcudaFinding = (machine: GpuMachine): Finding => {
  const found = findLibrary(machine.root, [...loaderFolders(machine), WSL], "libcuda.so.1");
  if (found === null)
    return failure("libcuda.so.1 is nowhere where the loader looks", "it comes with the driver: install that again");
  return ok(found);
};

/** Where Windows Subsystem for Linux has the driver's library. */
const WSL = "/usr/lib/wsl/lib";

const providerFinding = (
  { root, runtimeFolder, runtimeVersion }: GpuMachine,
  needed: readonly string[] | null,
): Finding => {
  const missing = [PROVIDER, SHARED].filter((name) => !existsSync(join(root, runtimeFolder, name)));
  const fetching = `${PIP} onnxruntime-gpu==${runtimeVersion}, then cp ${TARGET}/onnxruntime/capi/{${PROVIDER},${SHARED}} ${runtimeFolder}/`;
  if (missing.length > 0) return failure(`${missing.join(", ")} not in ${runtimeFolder}`, fetching);
  if (needed === null) return failure(`${join(runtimeFolder, PROVIDER)} is no library of Linux on x86-64`, fetching);
  return ok(`${PROVIDER}, built for CUDA ${cudaOf(needed)}; its version must be onnxruntime-node's, ${runtimeVersion}`);
};

/** A folder of one's own for PyPI's wheels. */
const TARGET = "~/.blockzero/cuda";

/** Wheels are files that are unpacked; which Python reads them does not matter. */
const PIP = `python3 -m pip install --target ${TARGET} --no-deps --only-binary=:all: --python-version 3.11`;

const cudaFinding = (machine: GpuMachine, needed: readonly string[] | null, cuda: number): Finding => {
  const linked = needed ?? [
    `libcudart.so.${cuda}`,
    `libcublas.so.${cuda}`,
    `libcublasLt.so.${cuda}`,
    "libcurand.so.10",
  ];
  return librariesFinding(machine, [...linked.filter(isOfCuda), ...lazyLibraries(cuda)], cuda);
};

const cudnnFinding = (machine: GpuMachine, cuda: number): Finding => librariesFinding(machine, [CUDNN], cuda);

const librariesFinding = (machine: GpuMachine, sonames: readonly string[], cuda: number): Finding => {
  const { root, packages } = machine;
  const seen = loaderFolders(machine);
  const missing = sonames.filter((soname) => findLibrary(root, seen, soname) === null);
  if (missing.length === 0) return ok(`${sonames.join(", ")}`);
  const elsewhere = packages.flatMap((folder) => packageFolders(root, folder));
  const folders = missing.map((soname) => elsewhere.find((folder) => existsSync(join(root, folder, soname))));
  const absent = missing.filter((_, i) => folders[i] === undefined);
  if (absent.length > 0) {
    const wheels = [...new Set(absent.map((soname) => `"${wheelOf(soname, cuda)}"`))].join(" ");
    return failure(
      `missing: ${absent.join(", ")}`,
      `without root: ${PIP} ${wheels}, then LD_LIBRARY_PATH as this command says next time`,
    );
  }
  const path = [...new Set(folders)].join(":");
  return failure(
    `${missing.join(", ")}: installed, but not where the loader looks`,
    `export LD_LIBRARY_PATH=${path}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} before the program starts`,
  );
};

const selfCheckFinding = async (machine: GpuMachine, before: readonly GpuOutcome[]): Promise<Finding> => {
  if (before.some(({ verdict }) => verdict === "failure"))
    return warning("not run: something above is missing", "put that right first");
  try {
    const speed = await machine.selfCheck();
    return ok(
      `a training step agrees with the processor's${speed === undefined ? "" : `; large products ${speed.toFixed(1)} times as fast`}`,
    );
  } catch (thrown) {
    return failure(reasonOf(thrown), "compare the versions above; ONNX Runtime's own words are in the line");
  }
};
