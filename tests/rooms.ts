/** A folder with one job, and the rooms that it may import. */
export interface Room {
  readonly room: string;
  /** What it is for, one line. */
  readonly holds: string;
  readonly imports: readonly string[];
}

/** Rooms that do not lie in `shared/`, which is left out of the others' names in a list of imports. Nothing imports `cli/`. */
const OUTSIDE: ReadonlySet<string> = new Set(
  "datasets validator inspect miner owner localnet upkeep signer".split(" "),
);

const room = (name: string, holds: string, imports = ""): Room => ({
  room: name,
  holds,
  imports: imports
    .split(" ")
    .filter(Boolean)
    .map((other) => (OUTSIDE.has(other) ? other : `shared/${other}`)),
});

/** The house from the ground up: a room imports only rooms above it in this table, so there is no circle. */
export const ROOMS: readonly Room[] = [
  room("shared/errors", "the coded error, and the registry of codes"),
  room("shared/util", "small functions without a subject: deadlines, means, bounded concurrency"),
  room("shared/browser", "compiled modules as a browser takes them"),
  room("shared/files", "atomic writes, the lock on a home, reading at a position", "errors"),
  room("shared/kernels", "loops over float32 arrays as WebAssembly vectors; the same bits everywhere", "errors"),
  room("shared/protocol", "phases, records, manifests, reports, tally, voting stake: pure, no I/O", "errors"),
  room(
    "shared/telemetry",
    "log, instruments and their server, metrics, Weights & Biases, progress",
    "errors util files protocol",
  ),
  room(
    "shared/monitoring",
    "dashboards, alert rules and tables, generated from the list of instruments",
    "util telemetry",
  ),
  room(
    "shared/blobs",
    "blobs by hash: stores, server, client, admission of strangers",
    "errors util files protocol telemetry",
  ),
  room(
    "shared/hub",
    "folders of files from and to the Hugging Face Hub, at a revision, checked by hash",
    "errors util files protocol blobs",
  ),
  room("shared/data", "tokenizers, held-out split, loaders, seeded random numbers", "errors util protocol"),
  room(
    "shared/engine",
    "a typed graph, autodiff, optimisers, and the runtimes that execute it",
    "errors kernels telemetry",
  ),
  room(
    "shared/sprint/exact",
    "Sprint's integer network: dials, weights and inputs from seeds, wins, the prover",
    "errors kernels protocol engine",
  ),
  room(
    "shared/sprint/proof",
    "proofs of a Sprint, samples, tests with their error rates, votes, weights: pure",
    "errors util protocol sprint/exact",
  ),
  room(
    "shared/independence",
    "how much of an update is its own training: sketches, loadings, repeats",
    "errors kernels protocol util",
  ),
  room("shared/rewards", "window, ranking, reward curves, weights: from scores to pay", "protocol"),
  room("shared/scoring", "Proof-of-Loss, racing, candidate steps, what a report may say: pure", "protocol"),
  room("shared/tensor-files", "safetensors, element types", "errors files protocol"),
  room(
    "shared/own-program",
    "an operator's own program: its environment, processes, output, end, and the windows it is given",
    "errors files telemetry data tensor-files",
  ),
  room("shared/wallet", "Bittensor's wallets: keys, their files, passwords", "errors files protocol"),
  room(
    "shared/duty",
    "tasks that are checked at random: who is on duty, proofs of duty, missed duty, votes",
    "util protocol",
  ),
  room("shared/reputation", "what a host has earned by honest work, and what costs it", "util protocol duty"),
  room(
    "shared/settlement",
    "a cycle's checks closed: verdicts, pay held and released, reputations, and why",
    "util protocol duty reputation",
  ),
  room(
    "shared/signing",
    "a hotkey as programs have it: in its file, or with a signer elsewhere, which is asked",
    "errors util files protocol telemetry wallet",
  ),
  room("shared/continuous", "confirmations without notice, work in idle time, classes of machines", "util protocol"),
  room("shared/artifact", "updates, codecs, gates", "errors files kernels protocol tensor-files"),
  room(
    "shared/chain",
    "one Chain interface; its clients, connections, writes, weights, Yuma",
    "errors util files protocol telemetry wallet",
  ),
  room(
    "shared/beacon",
    "values that nobody can choose: sealed contributions, a threshold group, fallbacks",
    "errors util protocol chain",
  ),
  room(
    "shared/documents",
    "files of documents read as streams: JSON Lines, JSON, text, parquet, gzip, zstd",
    "errors util files",
  ),
  room(
    "shared/packs",
    "packs of tokens: manifests, shards, sources; the texts that a network file pins",
    "errors util files protocol data",
  ),
  room(
    "datasets",
    "the texts that groups train on, and how a source is opened",
    "errors util protocol data documents packs",
  ),
  room(
    "shared/model",
    "families of language models on the engine; expert groups; checkpoints",
    "errors files protocol data engine tensor-files artifact",
  ),
  room(
    "shared/sprint/float",
    "the white paper's transformer: weights, inputs, target, distance, calibration, acceptance",
    "errors util protocol data engine sprint/exact model",
  ),
  room(
    "shared/parts",
    "a model's hub, groups and momentum as blobs: written, read tensor by tensor, and where each tensor lies",
    "errors files kernels protocol blobs tensor-files model",
  ),
  room(
    "shared/simulators",
    "chains on one machine: the devchain, and the real subtensor runtime",
    "errors files protocol telemetry chain",
  ),
  room(
    "shared/config",
    "one schema a setting: file, environment, flags and docs come from it",
    "errors util files protocol telemetry blobs signing engine artifact chain model",
  ),
  room(
    "shared/generation",
    "text from a model: key-value cache, sampling, streaming",
    "errors protocol data engine model",
  ),
  room(
    "shared/training",
    "train step, inner loop, genesis pretraining, plan of memory",
    "errors util files protocol telemetry data engine tensor-files datasets model",
  ),
  room("shared/cli", "programs, commands, tables, exit statuses", "errors util telemetry config"),
  room(
    "shared/merge",
    "which updates are merged, robust rules, the outer step, a model merged file by file",
    "errors util files kernels protocol blobs engine rewards tensor-files artifact model parts training",
  ),
  room(
    "shared/evaluation",
    "losses of updates and candidate steps on a model",
    "errors util files protocol data engine scoring artifact datasets model training merge",
  ),
  room(
    "shared/text-evaluation",
    "a model measured on files: perplexity, multiple choice, confidence intervals",
    "errors util protocol data engine model evaluation",
  ),
  room(
    "shared/replay",
    "a cycle as a pure function of chain state and files; validators and auditors run it",
    "errors util files protocol blobs data rewards scoring tensor-files wallet artifact chain beacon model parts config merge evaluation",
  ),
  room(
    "shared/compute",
    "a Sprint's outcome by chain state and files: who took part, how it was settled, confirmed weights, the gate on pay",
    "errors util blobs protocol engine sprint/exact sprint/float sprint/proof rewards wallet continuous chain replay duty reputation settlement",
  ),
  room(
    "shared/library",
    "what the package offers to those who build on it: an entry file a part",
    "errors files protocol blobs data engine rewards scoring tensor-files wallet artifact chain model simulators config training merge evaluation replay",
  ),
  room(
    "shared/participant",
    "what miner and validator have in common: join, block clock, agreement, files, writes",
    "errors util files protocol telemetry blobs data wallet signing artifact chain beacon packs datasets model parts config merge replay",
  ),
  room(
    "shared/shard-training",
    "an expert group trained beside a frozen hub: the trainer, its streams of text, its checkpoints, the weights that it begins from",
    "errors util files protocol telemetry data engine packs datasets model parts training participant",
  ),
  room(
    "shared/subnet",
    "a subnet looked at from outside: its chain, or a localnet's copy, and files from folders and servers",
    "errors util files protocol telemetry blobs data chain packs simulators replay participant",
  ),
  room(
    "shared/doctor",
    "checks of a program's configuration on a machine: a file a check",
    "errors util files protocol telemetry blobs engine signing chain model cli participant",
  ),
  room(
    "shared/planning",
    "a network drawn from a model's config alone, and the time of work from programs or matrix products that are measured",
    "errors files protocol hub data engine tensor-files model cli",
  ),
  room(
    "validator",
    "the validator's program: gather, gate, judge, report, exchange, choose, merge, weights",
    "errors util files protocol telemetry blobs data engine independence rewards scoring tensor-files own-program artifact chain model parts config training cli merge evaluation replay participant shard-training doctor planning sprint/proof reputation compute",
  ),
  room(
    "inspect",
    "read-only: audit, explain, dashboard, models exported, measured, and put on the Hub",
    "errors util browser files protocol telemetry blobs hub data engine independence rewards scoring artifact chain beacon packs datasets model parts cli merge evaluation text-evaluation replay subnet reputation compute sprint/proof settlement",
  ),
  room(
    "miner",
    "the miner's program: a cycle (train, check, commit, reveal), training, plan, receipts, score; behaviours of a red team",
    "errors util files kernels protocol telemetry blobs data engine independence rewards scoring tensor-files own-program wallet signing artifact documents packs datasets model parts config training cli merge evaluation replay participant shard-training doctor planning subnet sprint/exact sprint/proof continuous compute duty settlement",
  ),
  room(
    "owner",
    "the subnet owner's work: genesis, network file, sealed text, rewards simulated and replayed, compute simulated",
    "errors util browser files protocol telemetry blobs hub data sprint/proof rewards scoring wallet duty reputation settlement continuous artifact chain beacon documents packs datasets model parts simulators config cli replay participant subnet",
  ),
  room(
    "localnet",
    "a whole subnet on one machine",
    "errors util files protocol telemetry blobs data engine wallet chain beacon datasets simulators config training cli evaluation replay participant subnet inspect miner owner compute",
  ),
  room(
    "upkeep",
    "a program over months: backups of its home, systemd units, release notes",
    "errors util files protocol blobs",
  ),
  room(
    "signer",
    "the reference signer: decodes what it is to sign, allows or refuses it, and keeps a journal against signing twice",
    "errors files protocol telemetry blobs sprint/proof wallet duty signing chain beacon config",
  ),
  room(
    "cli",
    "the program `blockzero`: a file a command",
    "errors util files packs protocol telemetry blobs hub data engine wallet signing chain beacon datasets model generation simulators config training cli merge evaluation replay participant subnet doctor validator inspect miner owner upkeep signer localnet compute sprint/proof",
  ),
];

/** The room of a file; `shared` has a floor of its own, whose loose files are rooms too, and `shared/sprint` one more. */
export const roomOf = (file: string): string => {
  const [first = "", second = "", third] = file.split("/");
  if (first !== "shared") return first;
  if (second === "sprint") return `shared/sprint/${third}`;
  return third === undefined ? `shared/${second.replace(/\.ts$/, "")}` : `shared/${second}`;
};

/** The table of the architecture page, in Markdown. */
export const drawRooms = (): string =>
  [
    "| room | what it is for | imports |",
    "| --- | --- | --- |",
    ...ROOMS.map(
      ({ room, holds, imports }) =>
        `| \`${room}\` | ${holds} | ${imports.map((one) => one.replace(/^shared\//, "")).join(", ")} |`,
    ),
  ].join("\n");
