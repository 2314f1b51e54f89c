import { type LockHolder, UNTOUCHED_MS } from "./lock-file.js";

/** A lock's holder, in words. */
export const describeHolder = ({ pid, elsewhere }: LockHolder): string => {
  const process = `process ${pid ?? "unknown"}`;
  if (elsewhere === undefined) return process;
  const { host, untouchedMs } = elsewhere;
  return `${process} of another container, machine, boot or user (host ${JSON.stringify(host ?? "unknown")}), which was last seen ${Math.round(untouchedMs / 1000)} s ago`;
};

/** What to do about a holder in another place. */
export const STOP_ELSEWHERE = `stop it there; where it is gone, start again once it has not been seen for ${UNTOUCHED_MS / 1000} s`;
