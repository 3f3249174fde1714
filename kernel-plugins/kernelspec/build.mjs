#!/usr/bin/env node
import { layoutOf } from './layout.mjs';
import { buildInTerminal } from './typescript-build.mjs';

process.exitCode = buildInTerminal(layoutOf(), process.argv.slice(2));
