import { ADDRESS_SPACE_HINT } from "#shared/errors/address-space.js";
import { type Check, failure, ok, warning } from "../check.js";

const LEAST_FILES = 256;
const FEW_FILES = 1024;

export const limitsCheck: Check = {
  name: "limits",
  deadlineMs: 1_000,
  run: async ({ machine }) => {
    const limits = await machine.limits();
    if (limits === null) return ok("this system does not tell its limits");
    const files = limitOf(limits, "Max open files");
    const says = `${files} open files`;
    const remedy = `raise it: ulimit -n 4096, LimitNOFILE= of a systemd unit, or --ulimit nofile= of a container`;
    if (files < LEAST_FILES) return failure(says, remedy);
    if (files < FEW_FILES) return warning(says, remedy);
    const addresses = limitOf(limits, "Max address space");
    if (addresses !== Number.POSITIVE_INFINITY && !machine.nodeOptions().includes("--disable-wasm-trap-handler"))
      return warning(
        `the address space is limited to ${addresses} bytes: WebAssembly may get none`,
        ADDRESS_SPACE_HINT,
      );
    return ok(says);
  },
};

/** The soft limit of a row, infinite where the row is missing or says `unlimited`. */
const limitOf = (limits: string, name: string): number => {
  const value = new RegExp(`^${name} +(\\d+)`, "m").exec(limits)?.[1];
  return value === undefined ? Number.POSITIVE_INFINITY : Number(value);
};
