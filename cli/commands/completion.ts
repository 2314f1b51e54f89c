import { Argument } from "commander";
import { completionScript, type Shell, shells } from "#shared/cli/completion/scripts.js";
import { completionTree } from "#shared/cli/completion/tree.js";
import { JSON_FLAG } from "#shared/cli/json.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { COMMANDS } from "../command-list.js";

export const completion: CommandSpec = {
  name: "completion",
  description: "print what a shell reads to complete the three programs' commands and options",
  examples: [
    "blockzero completion bash >> ~/.bashrc",
    "blockzero completion zsh >> ~/.zshrc",
    "blockzero completion fish > ~/.config/fish/completions/blockzero.fish",
  ],
  define: (command) => {
    command
      .addArgument(new Argument("<shell>", "the shell").choices(shells))
      .option(...JSON_FLAG)
      .action(async (shell: Shell, { json = false }: { json?: boolean }) => {
        // Loaded only now: these are all commands.
        const others = Object.values(COMMANDS).flatMap((loaders) => Object.values(loaders));
        const commands = [...(await Promise.all(others.map((load) => load()))), completion];
        const { wholePrograms } = await import("../whole-programs.js");
        const script = completionScript(
          shell,
          wholePrograms(commands).map((program) => completionTree(program)),
        );
        process.stdout.write(json ? `${JSON.stringify({ shell, script })}\n` : script);
      });
  },
};
