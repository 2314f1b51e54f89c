import { type Flags, loadProgramConfig, programFlags } from "#shared/cli/config-flags.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { printFields } from "#shared/cli/print.js";
import { type CommandSpec, shutdownSignal, untilAborted } from "#shared/cli/program.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { withSignals } from "#shared/util/join-signals.js";
import { signerSettings } from "#signer/config.js";
import { runSigner } from "#signer/run-signer.js";

export const signer: CommandSpec = {
  name: "signer",
  description:
    "sign for programs elsewhere, whose wallet.signer names it, with a hotkey that stays here: only what it understands and its file allows, and nothing differently twice",
  examples: [
    "blockzero signer --config signer.yaml",
    "blockzero signer --wallet.name main --wallet.hotkey miner-1 --listen unix:///run/blockzero/miner-1.sock",
  ],
  define: (command) => {
    programFlags(command.option(...JSON_FLAG), signerSettings).action(
      async ({ json = false, ...flags }: { readonly json?: boolean } & Flags) => {
        const config = loadProgramConfig(signerSettings, flags);
        const stop = shutdownSignal();
        const log = createLogger({ name: "signer", ...config.log });
        const { hotkey, at, journal, lost, close } = await runSigner(config, log);
        try {
          const { calls, records, documents } = config.allow;
          if (json) printJson({ hotkey, listening: at, journal, calls, records, documents });
          else
            printFields({
              hotkey,
              listening: at,
              journal,
              calls: calls.join(", "),
              records: records.join(", "),
              documents: documents.join(", "),
            });
          await withSignals([stop, lost], untilAborted);
          lost.throwIfAborted();
        } finally {
          await close();
        }
      },
    );
  },
};
