import { fork } from "node:child_process";
import { BlockZeroError } from "#shared/errors/error.js";
import type { DeviceKind } from "./device-choice.js";

/** The request to the child process. */
export interface TrialRequest {
  readonly kind: DeviceKind;
  readonly threads: number;
  /** Whether to compare its speed with the CPU's too. */
  readonly measure: boolean;
}

export type TrialAnswer =
  | { readonly outcome: "agrees"; readonly speed: number | undefined }
  | { readonly outcome: "disagrees"; readonly tensor: string; readonly relative: string }
  | { readonly outcome: "fails"; readonly reason: string };

/** If a driver does not answer for this long, it counts as hung. */
const TIMEOUT_MS = 120_000;

const HINTS: Readonly<Record<DeviceKind, string>> = {
  cpu: "report this with the machine's processor",
  webgpu: "install the graphics card's driver (Vulkan on Linux), or set device to cpu",
  cuda: "see what `blockzero gpu doctor` misses, or set device to cpu",
  tfjs: "install the optional packages (npm ci without --omit=optional), or set device to cpu",
};

/**
 * Runs a device's self-check in a child process, which may crash or hang instead of this one.
 * @returns how many times as fast as the CPU it multiplies matrices, if the request asks for this
 * @throws BlockZeroError DEVICE_UNAVAILABLE, DEVICE_DISAGREES
 */
export const checkInChild = async (request: TrialRequest): Promise<number | undefined> => {
  const { kind } = request;
  const answer = await ask(request);
  switch (answer.outcome) {
    case "agrees":
      return answer.speed;
    case "disagrees":
      throw new BlockZeroError(
        "DEVICE_DISAGREES",
        `${kind} computes another "${answer.tensor}" than the CPU: relative difference ${answer.relative}`,
        "update the graphics driver, or set device to cpu",
      );
    case "fails":
      throw new BlockZeroError("DEVICE_UNAVAILABLE", `${kind} does not work here: ${answer.reason}`, HINTS[kind]);
  }
};

const ask = (request: TrialRequest): Promise<TrialAnswer> =>
  new Promise((resolve) => {
    const child = fork(new URL("./trial-process.js", import.meta.url), [JSON.stringify(request)], {
      execArgv: [],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const finish = (answer: TrialAnswer) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      resolve(answer);
    };
    const timer = setTimeout(
      () => finish({ outcome: "fails", reason: `no answer in ${TIMEOUT_MS / 1000} s` }),
      TIMEOUT_MS,
    );
    child.once("message", (answer) => finish(answer as TrialAnswer));
    child.once("error", ({ message }) => finish({ outcome: "fails", reason: message }));
    child.once("exit", (code, signal) =>
      finish({ outcome: "fails", reason: `its driver ended the process (${signal ?? `status ${code}`})` }),
    );
  });
