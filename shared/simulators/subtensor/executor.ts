import type { TaskCall } from "@acala-network/chopsticks-core";
import { BlockZeroError } from "#shared/errors/error.js";

export type Hex = `0x${string}`;

/** The storage that a call reads. */
export interface StorageView {
  get(key: Hex): Hex | undefined;
  /** The first key after a given one, among those with a prefix. */
  nextKey(prefix: Hex, after: Hex): Hex | undefined;
}

export interface Executed {
  /** SCALE: what the last call returned. */
  readonly result: Hex;
  /** Null: removed. */
  readonly changes: readonly (readonly [Hex, Hex | null])[];
}

export type RuntimeCalls = readonly (readonly [name: string, ...args: readonly Hex[]])[];

/** Executes a runtime's entry points over a storage that it does not change. */
export interface Executor {
  /**
   * Runs the calls one after the other, each on the changes of the calls before. Starting the machine takes most of the time, the calls
   * next to none. @throws Error if the runtime traps
   */
  run(calls: RuntimeCalls, view: StorageView, urgent?: boolean): Promise<Executed>;
  /** Resolves when all tasks that are waiting now have run. */
  drained(): Promise<void>;
  close(): Promise<void>;
}

const PACKAGE = "@acala-network/chopsticks-core";

/** @throws CHOPSTICKS_MISSING */
export const createExecutor = async (wasm: Hex): Promise<Executor> => {
  const { emptyTaskHandler, runTask, destroyWorker } = await load();
  const waiting: (() => Promise<void>)[] = [];
  let busy = false;

  const next = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    for (let task = waiting.shift(); task; task = waiting.shift()) await task();
    busy = false;
  };

  const execute = async (calls: RuntimeCalls, view: StorageView): Promise<Executed> => {
    const task: TaskCall = {
      wasm,
      calls: calls.map(([name, ...args]) => [name, args]),
      mockSignatureHost: false,
      // The runtime imports host functions for BLS12-381 that the machine lacks. Only a call of one of these may fail.
      allowUnresolvedImports: true,
      runtimeLogLevel: 0,
    };
    const response = await runTask(task, {
      ...emptyTaskHandler,
      getStorage: async (key: Hex) => view.get(key),
      getNextKey: async (prefix: Hex, key: Hex) => view.nextKey(prefix, key),
    });
    if (!("Call" in response)) throw new Error(response.Error.slice(0, 500));
    // A removed key has no value there.
    const changes = response.Call.storageDiff.map(([key, value]) => [key, value ?? null] as const);
    return { result: response.Call.result, changes };
  };

  return {
    run: (calls, view, urgent = false) =>
      new Promise((resolve, reject) => {
        const task = () => execute(calls, view).then(resolve, reject);
        if (urgent) waiting.unshift(task);
        else waiting.push(task);
        void next();
      }),
    drained: () =>
      new Promise((resolve) => {
        waiting.push(async () => resolve());
        void next();
      }),
    close: () => destroyWorker(),
  };
};

const load = async () => {
  try {
    return await import("@acala-network/chopsticks-core");
  } catch (cause) {
    throw new BlockZeroError(
      "CHOPSTICKS_MISSING",
      `the runtime is executed by ${PACKAGE}, which is not installed`,
      `install it: npm install --ignore-scripts ${PACKAGE}`,
      { cause },
    );
  }
};
