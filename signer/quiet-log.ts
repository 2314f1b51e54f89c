import { tokenBuckets } from "#shared/blobs/token-buckets.js";
import type { Log } from "#shared/telemetry/log.js";

/** Lines a minute of each level that whoever asks can cause. */
const PER_MINUTE = 60;

/** The same log, which says so much a minute and no more: strangers decide how often. What is signed is told in full. */
export const quietLog = (log: Log, now: () => number = () => performance.now()): Log => {
  // Warnings, which need no token, take nothing from what is an error.
  const lines = tokenBuckets({ perMinute: PER_MINUTE, now, maxKeys: 2 });
  const said =
    (level: "warn" | "error"): Log["warn"] =>
    (message, fields) => {
      if (lines.take(level) === 0) log[level](message, fields);
    };
  return { debug: log.debug.bind(log), info: log.info.bind(log), warn: said("warn"), error: said("error") };
};
