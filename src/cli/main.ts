#!/usr/bin/env node
/** The command `naru`: hands the arguments over and sets the exit code. */
import { listeners } from './listeners.ts'
import { run } from './program.ts'

process.exitCode = await run(process.argv.slice(2), listeners)
