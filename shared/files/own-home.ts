import { join } from "node:path";

/** Where a participant of that address keeps what is its own. What is made in dry runs lies apart. */
export const ownHome = (checkpointDir: string, address: string, isDry: boolean): string =>
  join(checkpointDir, address, isDry ? "dry-run" : "");
