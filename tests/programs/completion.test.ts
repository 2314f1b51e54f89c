import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { allCommands } from "#cli/program.js";
import { wholePrograms } from "#cli/whole-programs.js";
import { completionScript, type Shell, shells } from "#shared/cli/completion/scripts.js";
import { type Completed, completionTree } from "#shared/cli/completion/tree.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";

/** How each shell is asked, without a terminal, what it offers for words of which the last is being typed. */
const ASK: Readonly<Record<Shell, (script: string, words: readonly string[]) => readonly string[]>> = {
  bash: (script, words) => [
    "-c",
    `source ${script}; COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _${words[0]!.replaceAll("-", "_")}; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ],
  zsh: (script, words) => [
    "-fc",
    `compdef() { : }; compadd() { shift; local w; for w in "$@"; do [[ $w == \${words[CURRENT]}* ]] && print -r -- $w; done; true }; _files() { : }; source ${script}; words=(${words.map((word) => `'${word}'`).join(" ")}); CURRENT=${words.length}; _${words[0]!.replaceAll("-", "_")}`,
  ],
  fish: (script, words) => ["-Nc", `source ${script}; complete -C "${words.join(" ")}"`],
};

describe("completion", () => {
  let programs: readonly (readonly Completed[])[];
  before(async () => {
    programs = wholePrograms(await allCommands()).map((program) => completionTree(program));
  });

  for (const shell of shells)
    it(`offers commands, options and choices in ${shell}, where it is installed`, (t) => {
      if (spawnSync(shell, ["--version"]).error) return t.diagnostic(`${shell} is not here`);
      const file = join(temporaryFolder(t), "completion");
      writeFileSync(file, completionScript(shell, programs));
      const offered = (...words: readonly string[]): readonly string[] => {
        const { status, stdout, stderr } = spawnSync(shell, [...ASK[shell](file, words)], { encoding: "utf8" });
        assert.deepEqual([status, stderr], [0, ""]);
        return stdout
          .split("\n")
          .map((line) => line.split("\t")[0]!)
          .filter((line) => line !== "");
      };
      assert.deepEqual(offered("blockzero", "wal"), ["wallet"]);
      assert.deepEqual([...offered("blockzero", "wallet", "")].filter((word) => !word.startsWith("-")).sort(), [
        "create",
        "import",
        "list",
        "show",
      ]);
      assert.deepEqual(offered("blockzero", "localnet", "--cheater", "co"), ["copier"]);
      assert.deepEqual(offered("blockzero", "wallet", "create", "--wallet.ho"), ["--wallet.hotkey"]);
      assert.deepEqual(offered("blockzero", "localnet", "--home", "wal"), [], "a value is no command");
      assert.deepEqual(offered("blockzero-miner", "--expert"), ["--expert_group"]);
      assert.deepEqual(offered("blockzero-validator", "--drand.pe"), ["--drand.period"]);
    });
});

it("pages of man have every command, and groff finds nothing wrong with them", (t) => {
  const page = readFileSync("man/blockzero.1", "utf8");
  assert.match(page, /^\.SS blockzero wallet create/m);
  assert.match(page, /^\.B \\-\\-check <note>$/m);
  if (spawnSync("groff", ["--version"]).error) return t.diagnostic("groff is not here");
  for (const name of ["blockzero", "blockzero-miner", "blockzero-validator"]) {
    const args = ["-man", "-Tutf8", "-ww", "-Wbreak", "-z", `man/${name}.1`];
    const { status, stderr } = spawnSync("groff", args, { encoding: "utf8" });
    assert.deepEqual([status, stderr], [0, ""]);
  }
});
