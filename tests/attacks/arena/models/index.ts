import type { ArenaModel, ModelName } from "./arena-model.js";
import { localnet } from "./localnet.js";
import { micro } from "./micro.js";

export const models: Readonly<Record<ModelName, ArenaModel>> = { micro, localnet };
