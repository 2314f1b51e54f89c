import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { after, describe, it } from "node:test";
import type { DeviceKind } from "#shared/engine/runtime/device-choice.js";
import { checksOf } from "./device-checks.js";
import type { ChildMessage } from "./device-child.js";
import { graphicsEnvironments } from "./vulkan.js";

/** A device under test in a process of its own, since a driver's fault ends the process. */
interface Subject {
  readonly unavailable: string | undefined;
  /** What failed of a check, undefined for nothing. */
  failureOf(check: string): Promise<string | undefined>;
  end(): void;
}

const open = async (kind: DeviceKind, env: NodeJS.ProcessEnv): Promise<Subject> => {
  const child = fork(new URL("./device-child.js", import.meta.url), [kind], {
    execArgv: [],
    env,
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const news = new EventEmitter();
  const results = new Map<string, string | undefined>();
  let opened: string | undefined | null = null;
  let ended: string | undefined;
  child.on("message", (message: ChildMessage) => {
    if (message.kind === "opened") opened = message.unavailable;
    else results.set(message.check, message.failure);
    news.emit("news");
  });
  child.once("exit", (code, signal) => {
    ended = `the process ended: ${signal ?? `status ${code}`}`;
    news.emit("news");
  });
  while (opened === null && ended === undefined) await once(news, "news");
  return {
    unavailable: opened === null ? ended : opened,
    async failureOf(check) {
      while (!results.has(check) && ended === undefined) await once(news, "news");
      return results.has(check) ? results.get(check) : ended;
    },
    end: () => child.kill("SIGKILL"),
  };
};

/** The first environment in which the device works. */
const openAnywhere = async (kind: DeviceKind): Promise<Subject> => {
  const environments = kind === "tfjs" ? [process.env] : graphicsEnvironments();
  let last: Subject | undefined;
  for (const env of environments) {
    last?.end();
    last = await open(kind, env);
    if (last.unavailable === undefined) break;
  }
  return last!;
};

for (const kind of ["webgpu", "cuda", "tfjs"] as const) {
  const subject = await openAnywhere(kind);
  const skip = subject.unavailable === undefined ? false : `no ${kind} here: ${subject.unavailable.slice(0, 160)}`;
  describe(`${kind} against the CPU`, { skip }, () => {
    after(() => subject.end());
    for (const check of Object.keys(checksOf(kind))) {
      it(check, async () => {
        assert.equal(await subject.failureOf(check), undefined);
      });
    }
  });
}
