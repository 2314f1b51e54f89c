import { BlockZeroError } from "#shared/errors/error.js";

/** What a miner says that cannot read Sprints on which its confirmed weight depends: it may miss duty that validators ask of it. */
export const membersUnsure = (cycles: readonly number[]): BlockZeroError =>
  new BlockZeroError(
    "DUTY_MEMBERS_UNSURE",
    `the Sprints of cycles ${cycles.join(", ")} cannot be read in full, and confirmed weights depend on them`,
    "leave the program running: it reads each Sprint when it is settled. Ordinary nodes keep the state of some 256 blocks, an archive node (chain_endpoint) more; participants keep files for checkpoint_keep_top_k cycles",
  );
