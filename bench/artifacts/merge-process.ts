import { mergeFiles } from "./merge-files.js";

/** A merge in a process of its own, so that its memory is: prints seconds and how far resident memory rose at its peak. */
const [into, ...paths] = process.argv.slice(2);
const shares = paths.map((_, i) => (2 * (i + 1)) / (paths.length * (paths.length + 1)));
const before = process.memoryUsage.rss();
const begin = performance.now();
await mergeFiles(paths, shares, into!);
const seconds = (performance.now() - begin) / 1000;
const peak = process.resourceUsage().maxRSS * 1024;
process.stdout.write(JSON.stringify({ seconds, peak, growth: peak - before }));
