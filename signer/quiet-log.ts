import { tokenBuckets } from "#shared/blobs/token-buckets.js";
import type { Log } from "#shared/telemetry/log.js";

/** Lines a minute that whoever asks can cause. */
const PER_MINUTE = 60;

/** The same log, which says so much a minute and no more: strangers decide how often. What is signed is told in full. */
export const quietLog = (log: Log, now: () => number = Date.now): Log => {
  const lines = tokenBuckets({ perMinute: PER_MINUTE, now, maxKeys: 1 });
  const said =
    (say: Log["warn"]): Log["warn"] =>
    (message, fields) => {
      if (lines.take("") === 0) say.call(log, message, fields);
    };
  return { debug: log.debug.bind(log), info: log.info.bind(log), warn: said(log.warn), error: said(log.error) };
};
