import { isChainFault } from "#shared/chain/chain-fault.js";
import { hasCode } from "#shared/errors/error.js";
import { expectedFault } from "#shared/errors/file-fault.js";
import { againAtBlocks } from "./at-every-block.js";
import { faultFields } from "./fault-fields.js";
import type { Participant } from "./participant.js";
import type { DutyLimit } from "./within-blocks.js";

/**
 * Does work that may be begun twice, and begins it again at the next block after a fault that may pass.
 *
 * @param mayPass what may pass beside a chain that did not answer, and a disk that did not take a write, as a full one does, unless for rights or a name,
 *   or whose reserve leaves no room for a file
 * @throws what the work throws otherwise, and such a fault where no block is left before `deadline`
 */
export const throughFaults = <T>(
  participant: Pick<Participant, "clock" | "log" | "signal">,
  { name, deadline }: Pick<DutyLimit, "name" | "deadline">,
  work: () => Promise<T>,
  mayPass: (thrown: unknown) => boolean = () => false,
): Promise<T> => {
  let told: string | null = null;
  return againAtBlocks(
    participant,
    (thrown, tried) => {
      const isAgain = (isChainFault(thrown) || isWriteFault(thrown) || mayPass(thrown)) && tried < deadline - 1;
      const fields = faultFields(thrown);
      // It may be hundreds of blocks.
      const level = told === fields.code ? "debug" : "warn";
      if (isAgain) participant.log[level]("not done yet: once more at the next block", { task: name, ...fields });
      told = fields.code;
      return isAgain;
    },
    work,
  );
};

/** What the system answers to a write that is refused in the next block as well: rights, and a name that leads to something else. */
const LASTING: ReadonlySet<unknown> = new Set("EACCES EEXIST EISDIR ELOOP ENAMETOOLONG ENOTDIR EPERM EROFS".split(" "));

const isWriteFault = (thrown: unknown): boolean =>
  hasCode(expectedFault(thrown), "DISK_RESERVED", "FILE_UNWRITABLE", "STORE_FAILED") &&
  !LASTING.has(systemCode(thrown));

/** The code of the innermost cause. */
export const systemCode = (thrown: unknown): unknown => {
  if (!(thrown instanceof Error)) return undefined;
  return thrown.cause === undefined ? (thrown as NodeJS.ErrnoException).code : systemCode(thrown.cause);
};
