import { createContext, Script } from "node:vm";

const slot: { work: (() => unknown) | undefined } = { work: undefined };
const context = createContext(slot);
const script = new Script("work()");

/**
 * What synchronous work gives, or undefined where it takes longer than `milliseconds`: it is ended then, also inside a regular expression.
 * @throws what the work throws
 */
export const withinTime = <T extends object>(milliseconds: number, work: () => T): T | undefined => {
  slot.work = work;
  try {
    return script.runInContext(context, { timeout: milliseconds }) as T;
  } catch (thrown) {
    if (isTimeout(thrown)) return undefined;
    throw thrown;
  } finally {
    slot.work = undefined;
  }
};

const isTimeout = (thrown: unknown): boolean =>
  typeof thrown === "object" && thrown !== null && "code" in thrown && thrown.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
