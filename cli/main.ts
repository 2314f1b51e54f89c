#!/usr/bin/env node
import { startOnNode } from "../shared/cli/require-node.js";

startOnNode(() => import("./start.js"));
