import { formatBytes } from "#shared/util/format-bytes.js";
import { type Check, failure, ok, warning } from "../check.js";

/** What a program takes before it holds a model, and what the smallest model takes. */
const LEAST = 300e6;
const LITTLE = 1e9;

export const memoryCheck: Check = {
  name: "memory",
  deadlineMs: 1_000,
  run: async ({ machine }) => {
    const { total, available } = machine.memory();
    const says = `${formatBytes(available)} of ${formatBytes(total)} available`;
    const remedy = "end other programs, or give the machine or the container more memory";
    if (available < LEAST) return failure(says, remedy);
    return available < LITTLE ? warning(says, remedy) : ok(says);
  },
};
