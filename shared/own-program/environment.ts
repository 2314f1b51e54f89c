import { BlockZeroError } from "#shared/errors/error.js";

/** Variables that a program needs to find its interpreter, its libraries and its devices. */
const PASSED: ReadonlySet<string> = new Set([
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "LANG",
  "LANGUAGE",
  "TZ",
  "TMPDIR",
  "LD_LIBRARY_PATH",
  "DYLD_LIBRARY_PATH",
  "VIRTUAL_ENV",
  "CONDA_PREFIX",
  "CONDA_DEFAULT_ENV",
  "XDG_CACHE_HOME",
  "HF_HOME",
  "HF_HUB_OFFLINE",
]);

/** Beginnings of the names of such variables. */
const PREFIXES = [
  "LC_",
  "PYTHON",
  "CUDA_",
  "NVIDIA_",
  "NCCL_",
  "GLOO_",
  "TORCH",
  "PYTORCH_",
  "OMP_",
  "MKL_",
  "ROCR_",
  "HIP_",
];

/** What a device of ours sets in this process, for its own products. */
const OURS: ReadonlySet<string> = new Set(["NVIDIA_TF32_OVERRIDE"]);

/** Words in the names of variables that hold secrets. */
const SECRET = /KEY|TOKEN|SECRET|PASSW|CREDENTIAL|MNEMONIC/i;

const OWN = "BLOCKZERO_";

/**
 * The environment that an operator's own program gets: what `PASSED` and `PREFIXES` name, and `further`. Keys, passwords and our own settings, which
 * say where the wallet is, are not among them.
 *
 * @param further names that the operator lists
 * @throws BlockZeroError CONFIG_INVALID_VALUE for one of our own variables
 */
export const programEnvironment = (
  ours: NodeJS.ProcessEnv,
  further: readonly string[] = [],
): Readonly<Record<string, string>> => {
  const own = further.find((name) => name.startsWith(OWN));
  if (own !== undefined)
    throw new BlockZeroError(
      "CONFIG_INVALID_VALUE",
      `${own} is a variable of BlockZero, and is not passed to another program`,
      "name other variables",
    );
  const passed = Object.entries(ours).filter(
    ([name]) =>
      further.includes(name) ||
      PASSED.has(name) ||
      (PREFIXES.some((prefix) => name.startsWith(prefix)) && !SECRET.test(name) && !OURS.has(name)),
  );
  return Object.fromEntries(passed.filter((entry): entry is [string, string] => entry[1] !== undefined));
};
