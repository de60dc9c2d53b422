/**
 * The command line as commander reads it: which commands and flags there are. It does nothing
 * itself: each command is a module of its own, loaded when it is asked for.
 */
import { Command, CommanderError, Option } from 'commander'
import { version } from '../base/version.ts'
import type { ListenerKind } from '../broker/listener.ts'
import { CommandError, UsageError } from './failure.ts'
import { type InspectFlags, planInspect, type RepairFlags } from './journal-plan.ts'
import { isFlagged } from './listener-flags.ts'
import { durabilities, planServe, unbuiltNames } from './serve-plan.ts'

/** Runs one command line (without `node` and the script); answers its exit code. */
export async function run(
  args: readonly string[],
  kinds: readonly ListenerKind[],
): Promise<number> {
  // Nobody may be reading, as behind `| head`; that is no reason to end.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  try {
    await program(kinds).parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    // Commander has said it already. Help and version are 0; all else is a wrong command line.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (!(error instanceof UsageError || error instanceof CommandError)) throw error
    process.stderr.write(`error: ${error.message}\n`)
    return error.exitCode
  }
}

function program(kinds: readonly ListenerKind[]): Command {
  const naru = new Command('naru')
    .description('A message and event broker, and what looks after its directory.')
    .version(version)
    .exitOverride()
  addServe(naru, kinds)
  addJournal(naru)
  return naru
}

function addServe(naru: Command, kinds: readonly ListenerKind[]): void {
  const serve = naru
    .command('serve')
    .description('Run the broker until SIGINT or SIGTERM; a second one ends it at once.')
    .option('--dir <directory>', 'keep everything here (made if missing); without it, in memory')
    .addOption(
      new Option(
        '--durability <mode>',
        'what is acknowledged is synced to the disk, given to the system, or in memory; fsync with --dir',
      ).choices(durabilities),
    )
    .option('--only <names>', 'open these listeners and no other, separated by commas')
    .addHelpText(
      'after',
      '\nIt listens on the loopback. A listener that is not named keeps its port; 0 picks a free one, off opens none.' +
        '\nOnce all of them listen, one line `ready {json}` with their URLs goes to stdout.',
    )
  for (const kind of kinds) {
    const { name, description, defaultPort } = kind
    serve.option(`--${name} <port|off>`, `${description} (${defaultPort})`)
    if (!isFlagged(kind)) continue
    for (const flag of kind.flags) serve.option(`--${flag.name} <${flag.value}>`, flag.description)
  }
  // Understood, so that the answer can be better than "unknown option"; never shown.
  for (const name of unbuiltNames(kinds)) {
    serve.addOption(new Option(`--${name} [port|off]`).hideHelp())
  }
  serve.action(async (flags: Record<string, string | true | undefined>) => {
    const plan = planServe(flags, kinds)
    const { serveUntilStopped } = await import('./serve.ts')
    await serveUntilStopped(plan)
  })
}

function addJournal(naru: Command): void {
  const journal = naru
    .command('journal')
    .description("Look into a broker's directory while no broker has it open, and mend it.")
  journal
    .command('verify')
    .description('Read everything in it and say what is wrong; changes nothing.')
    .argument('<directory>', 'what `naru serve --dir` was given')
    .addHelpText(
      'after',
      '\nOne line on stdout for each finding; the last one is `clean` or `N findings`.' +
        '\nThe exit code is 0 when it is clean, and 1 when it is not.',
    )
    .action(async (directory: string) => {
      const { verify } = await import('./journal-verify.ts')
      await verify(directory)
    })
  journal
    .command('inspect')
    .description('List its files, its snapshots and its entries; changes nothing.')
    .argument('<directory>', 'what `naru serve --dir` was given')
    .option('--from <ticket>', 'entries from this ticket on (1)')
    .option('--limit <count>', 'at most so many entries (100)')
    .option('--files', 'list the files')
    .option('--snapshots', 'list the snapshots')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      '\nWithout --files and --snapshots it lists both, and then the entries.' +
        '\n--from or --limit asks for entries, besides what else is asked for.',
    )
    .action(async (directory: string, flags: InspectFlags) => {
      const plan = planInspect(flags)
      const { inspect } = await import('./journal-inspect.ts')
      await inspect(directory, plan)
    })
  journal
    .command('repair')
    .description('Make a damaged directory open again, after what it changes was copied.')
    .argument('<directory>', 'what `naru serve --dir` was given')
    .option('--backup <directory>', 'where the copies go; must not exist (DIRECTORY/repair-TIME)')
    .option('--accept-loss', 'give up bodies that cannot be read, and say which')
    .addHelpText(
      'after',
      '\nOne line on stdout for each thing it did, with what is lost. To undo it all, stop the' +
        '\nbroker and copy the files back. A repair that was interrupted is started again.',
    )
    .action(async (directory: string, flags: RepairFlags) => {
      const { repair } = await import('./journal-repair.ts')
      await repair(directory, flags)
    })
}
