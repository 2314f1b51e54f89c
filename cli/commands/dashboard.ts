import { Option } from "commander";
import { startDashboard } from "#inspect/dashboard/server.js";
import { watchSubnet } from "#inspect/dashboard/watch.js";
import { settingsAmong } from "#shared/cli/config-flags.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { listenAddress } from "#shared/cli/listen-address.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { addFlags } from "#shared/config/flags.js";
import { openSubnet } from "#shared/subnet/open-subnet.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { joinSignals } from "#shared/util/join-signals.js";
import { logSettings } from "../settings.js";
import { locationFrom, type SubnetOptions, subnetOptions } from "../subnet-options.js";

interface Options extends SubnetOptions {
  readonly listen: ReturnType<typeof listenAddress>;
  readonly name?: readonly string[];
  readonly cycles: number;
  readonly keep: number;
  readonly texts?: boolean;
  readonly json?: boolean;
}

export const dashboard: CommandSpec = {
  name: "dashboard",
  description:
    "serve one page, live, that shows a subnet to anybody: cycle, losses, miners and why they earn what they do",
  examples: [
    "blockzero dashboard",
    "blockzero dashboard --chain ws://127.0.0.1:9944 --netuid 1 --allow-private-addresses",
    "blockzero dashboard --chain finney --netuid 1 --listen 0.0.0.0:8420 --name subnet.example.org",
  ],
  define: (command) => {
    subnetOptions(command)
      .addOption(
        new Option("--listen <address>", "host and port to serve on; port 0 is any free one")
          .argParser(listenAddress)
          .default({ host: "127.0.0.1", port: 8420 }, "127.0.0.1:8420"),
      )
      .option("--name <name...>", "names under which browsers ask for it, such as that of a proxy; addresses need none")
      .option("--cycles <n>", "past cycles to read at the start", wholeNumber(1, 10_000), 32)
      .option("--keep <n>", "cycles to keep in memory", wholeNumber(1, 10_000), 1000)
      .option("--texts", "fetch the files of text that bits per byte need, where groups have some")
      .option(...JSON_FLAG);
    addFlags(command, logSettings).action(run);
  },
};

const run = async ({
  listen,
  name: names = [],
  cycles,
  keep: kept,
  texts = false,
  json,
  ...options
}: Options): Promise<void> => {
  const log = createLogger({ name: "dashboard", ...settingsAmong(logSettings, options).log });
  const ended = new AbortController();
  const { signal } = ended;
  joinSignals(ended, shutdownSignal());
  const subnet = await openSubnet({ ...locationFrom(options), log, signal });
  try {
    const watch = await watchSubnet({ subnet, cycles, kept: Math.max(kept, cycles), texts, log, signal });
    // Until it is waited for: a bug is thrown there, and where the port is taken nobody waits.
    watch.done.catch(() => {});
    const served = await startDashboard({ watch, ...listen, names, log });
    const { netuid } = subnet.source.network;
    if (json) printJson({ url: served.url, netuid });
    else console.log(`${served.url} shows subnet ${netuid}; Ctrl-C ends it`);
    try {
      await watch.done;
    } finally {
      await served.close();
    }
  } finally {
    ended.abort();
    await subnet.close();
  }
};
