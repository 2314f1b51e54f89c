// The soak: `npm run test:soak`, docs/testing.md. A localnet of real processes lives through many cycles while faults befall them, and is measured.
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { SOAK_USAGE, type SoakOptions, soakOptions } from "./options.js";
import { isGood, reportText } from "./report.js";
import { soak } from "./soak.js";

const FAILED = 1;
const EXPECTED = 2;

const options = ((): SoakOptions | null => {
  try {
    return soakOptions(process.argv.slice(2));
  } catch (thrown) {
    console.error(`✖ USAGE ${thrown instanceof Error ? thrown.message : thrown}\n${SOAK_USAGE}`);
    return null;
  }
})();

if (options === null) process.exitCode = EXPECTED;
else {
  const out = resolve(options.out);
  mkdirSync(out, { recursive: true });
  const { report, samples } = await soak({ ...options, out });
  writeFileSync(join(out, "report.json"), `${JSON.stringify({ ...report, samples }, null, 1)}\n`);
  const text = reportText(report);
  writeFileSync(join(out, "report.txt"), text);
  console.log(text);
  process.exitCode = isGood(report) ? 0 : FAILED;
}
