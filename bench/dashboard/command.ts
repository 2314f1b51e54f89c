import { startDashboard } from "#inspect/dashboard/server.js";
import type { SubnetState } from "#inspect/dashboard/subnet-now.js";
import { historyOf, subnetNow } from "#inspect/dashboard/subnet-now.js";
import { loadNetworkTemplate } from "#owner/network/network-template.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { sprintSchema } from "#shared/protocol/sprint.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { verdict } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { median } from "../median.js";
import { figuresOption, writeFigures } from "../options.js";
import { type BrowserPage, openBrowser } from "./browser.js";
import { simulatedSubnet } from "./simulated-subnet.js";

const TEMPLATE = "configs/localnet/network.yaml";
const VALIDATORS = 8;
const TARGET_RENDER_MS = 1000;
const TARGET_UPDATE_MS = 100;

interface Options {
  readonly miners: number;
  readonly cycles: number;
  readonly rounds: number;
  readonly json?: string;
}

export const dashboardBench: CommandSpec = {
  name: "dashboard",
  description:
    "how long the dashboard takes in a headless Chromium: to be drawn first, after a block, and after a cycle",
  examples: ["npm run bench -- dashboard", "npm run bench -- dashboard --miners 64 --cycles 100"],
  define: (command) =>
    command
      .option("--miners <n>", "miners of the subnet", wholeNumber(1), 256)
      .option("--cycles <n>", "cycles of its history", wholeNumber(1), 1000)
      .option("--rounds <n>", "times that each is measured; the median counts", wholeNumber(1), 5)
      .addOption(figuresOption())
      .action(run),
};

const run = async ({ miners, cycles, rounds, json }: Options): Promise<void> => {
  const here = machine();
  console.log(describeMachine(here));
  const network = {
    ...loadNetworkTemplate(TEMPLATE),
    ...{ first_cycle: 1, genesis: "0".repeat(64) },
    sprint: sprintSchema.parse({ every: 1, dials: "tiny", required: 20_000, duty: {} }),
  };
  const at = (more: number, offset: number) =>
    simulatedSubnet({ network, miners, validators: VALIDATORS, cycles: cycles + more, offset });
  const stage = openStage(at(0, 0));
  const served = await startDashboard({
    watch: stage.watch,
    host: "127.0.0.1",
    port: 0,
    log: createLogger({ name: "bench", level: "warn", format: "pretty" }),
  });
  const page = await openBrowser();
  try {
    const documents = {
      snapshot: timed(() => JSON.stringify(stage.watch.now())),
      history: timed(() => JSON.stringify(stage.watch.history())),
    };
    const first: number[] = [];
    const busy: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await page.open("about:blank");
      await page.open(`${served.url}/?${round}`);
      await page.until("document.documentElement.dataset.ready");
      busy.push(await page.busy());
      first.push(await page.evaluate<number>("Number(document.documentElement.dataset.ready)"));
    }
    const block: Update[] = [];
    const cycle: Update[] = [];
    for (let round = 1; round <= rounds; round++) {
      // The half of the miners that has committed comes and goes with the phase.
      block.push(
        await update(page, () =>
          stage.move(at(0, round % 2 === 0 ? 0 : network.phases.distribute + network.phases.train), "block"),
        ),
      );
      cycle.push(await update(page, () => stage.move(at(round, 0), "cycle")));
    }
    const middle = (of: readonly Update[], key: keyof Update) => median(of.map((one) => one[key]));
    console.log(`${miners} miners, ${cycles} cycles, median of ${rounds}:`);
    console.log(
      `  made by the server: snapshot ${documents.snapshot.toFixed(0)} ms, history ${documents.history.toFixed(0)} ms`,
    );
    say("  from the address to the whole page", median(first), TARGET_RENDER_MS);
    tellBusy(median(busy));
    say("  drawn anew after a block that half of the miners wrote in", middle(block, "drawn"), TARGET_UPDATE_MS);
    tellBusy(middle(block, "busy"));
    say("  drawn anew after a cycle, every row and every chart", middle(cycle, "drawn"), TARGET_UPDATE_MS);
    tellBusy(middle(cycle, "busy"));
    await writeFigures(json, {
      machine: here,
      ...{ miners, cycles, rounds, documents, first, busy, block, cycle },
      ...{ targetRender: TARGET_RENDER_MS, targetUpdate: TARGET_UPDATE_MS },
    });
  } finally {
    await page.close();
    await served.close();
  }
};

const say = (what: string, ms: number, target: number): void =>
  console.log(`${what}: ${ms.toFixed(0)} ms (target: under ${target} ms): ${verdict(ms < target)}`);

const tellBusy = (ms: number): void => console.log(`    processor time of the page's main thread: ${ms.toFixed(0)} ms`);

const timed = (work: () => unknown): number => {
  const begun = performance.now();
  work();
  return performance.now() - begun;
};

interface Update {
  /** Milliseconds that the page drew after a change, by its own clock. */
  readonly drawn: number;
  /** Processor time of its main thread from the change on, layout and paint included, milliseconds. */
  readonly busy: number;
}

const update = async (page: BrowserPage, change: () => void): Promise<Update> => {
  const before = await page.busy();
  await page.evaluate("void delete document.documentElement.dataset.drawn");
  change();
  await page.until("document.documentElement.dataset.drawn");
  const drawn = await page.evaluate<number>("Number(document.documentElement.dataset.drawn)");
  return { drawn, busy: (await page.busy()) - before };
};

/** A watch whose subnet is moved by hand. */
const openStage = (start: SubnetState) => {
  let state = start;
  let listener: (what: "block" | "cycle") => void = () => {};
  return {
    move: (next: SubnetState, what: "block" | "cycle") => {
      state = next;
      listener(what);
    },
    watch: {
      now: () => subnetNow(state),
      history: () => historyOf(state.digests),
      miner: () => null,
      onChange: (listen: typeof listener) => {
        listener = listen;
        return () => {
          listener = () => {};
        };
      },
    },
  };
};
