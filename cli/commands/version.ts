import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { packageInfo } from "#shared/cli/package-info.js";
import { printFields } from "#shared/cli/print.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { printable } from "#shared/util/printable.js";
import { verify } from "#shared/wallet/index.js";
import { readNote } from "#upkeep/release/read-note.js";
import { compareVersions, parseReleaseNote, publisherKey } from "#upkeep/release/release-note.js";

interface Options {
  readonly check?: string;
  readonly key?: string;
  readonly json?: boolean;
}

/** A note that is older may be an old one that somebody shows again. */
const OLD_MS = 180 * 86_400_000;

export const version: CommandSpec = {
  name: "version",
  description:
    "print the version, and with --check compare it with a publisher's signed release note; exit status 1 where a newer one is out. Nothing is ever installed",
  examples: [
    "blockzero version",
    "blockzero version --check https://example.org/blockzero/release.json --key 5Grwva…",
    "blockzero version --check release.json --key 5Grwva… --json",
  ],
  define: (command) => {
    command
      .option("--check <note>", "a release note: a file or an http(s) URL")
      .option(
        "--key <address>",
        "the publisher's key, an SS58 address; unset: the one in package.json, if it names one",
      )
      .option(...JSON_FLAG)
      .action(async ({ check, key, json = false }: Options) => {
        const here = {
          version: packageInfo.version,
          node: process.versions.node,
          platform: `${process.platform}-${process.arch}`,
        };
        if (check === undefined) return json ? printJson(here) : printFields(here);
        const { note, isNewer, isOld } = await compared(check, publisherOf(key));
        const { version: newest, published, protocol, summary } = note;
        if (json) printJson({ ...here, newest, isNewer, isOld, published, protocol, summary });
        else
          printFields({
            ...here,
            newest: `${newest}, published ${published}`,
            ...(isNewer && {
              protocol: protocol === "new" ? "changes: see the summary before you install it" : "the same",
            }),
            ...(isNewer && { summary: printable(summary.replace(/\s+/gu, " ")) }),
            ...(isOld && { note: "the note is more than half a year old: somebody may withhold a newer one" }),
            answer: isNewer ? "a newer version is out" : "this is the newest",
          });
        process.exitCode = isNewer ? 1 : 0;
      });
  },
};

const compared = async (from: string, publisher: string) => {
  const note = parseReleaseNote(await readNote(from), publisher, verify);
  return {
    note,
    isNewer: compareVersions(note.version, packageInfo.version) > 0,
    isOld: Date.now() - Date.parse(note.published) > OLD_MS,
  };
};

const publisherOf = (given: string | undefined): string => {
  const own = packageInfo.blockzero?.releaseKey;
  const key = given ?? own;
  if (key !== undefined) return publisherKey(key);
  throw new BlockZeroError(
    "RELEASE_KEY_MISSING",
    "a release note says nothing without its publisher's key, and this package names none",
    "give it with --key, from a source that you trust",
  );
};
