import { attacks } from "../library/index.js";
import { models } from "./models/index.js";
import type { SeedMessage, SeedRequest } from "./run-seeds.js";
import { openTrial } from "./trial.js";

/** A process of `runSeeds`: one seed's attacks, one after the other. */
const { model, seed, cycles, attacks: names } = JSON.parse(process.argv[2]!) as SeedRequest;
const tell = (message: SeedMessage) => new Promise<void>((done) => process.send!(message, () => done()));

process.once("disconnect", () => process.exit(1));
const trial = await openTrial({ model: models[model], seed, cycles });
for (const attack of attacks.filter(({ name }) => names.includes(name))) await tell(await trial.run(attack));
await trial.close();
process.disconnect();
