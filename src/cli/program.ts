/**
 * The command line as commander reads it: which commands and flags there are. It does nothing
 * itself: each command is a module of its own, loaded when it is asked for.
 */
import { Command, CommanderError, Option } from 'commander'
import { version } from '../base/version.ts'
import type { ListenerKind } from '../broker/listener.ts'
import { CommandError, UsageError } from './failure.ts'
import { durabilities, planServe, unbuiltNames } from './serve-plan.ts'

/** Runs one command line (without `node` and the script); answers its exit code. */
export async function run(
  args: readonly string[],
  kinds: readonly ListenerKind[],
): Promise<number> {
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
    .description('Message passing for Node programs.')
    .version(version)
    .exitOverride()
  addServe(naru, kinds)
  return naru
}

function addServe(naru: Command, kinds: readonly ListenerKind[]): void {
  const serve = naru
    .command('serve')
    .description('Run the broker until SIGINT or SIGTERM; a second one ends it at once.')
    .option('--dir <directory>', 'keep everything here (made if missing); without it, in memory')
    .addOption(
      new Option('--durability <mode>', 'what an acknowledgement means; fsync with --dir').choices(
        durabilities,
      ),
    )
    .option('--only <names>', 'open these listeners and no other, separated by commas')
    .addHelpText(
      'after',
      '\nA listener that is not named keeps its port; 0 picks a free one, off opens none.' +
        '\nOnce all of them listen, one line `ready {json}` with their URLs goes to stdout.',
    )
  for (const { name, description, defaultPort } of kinds) {
    serve.option(`--${name} <port|off>`, `${description} (${defaultPort})`)
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
