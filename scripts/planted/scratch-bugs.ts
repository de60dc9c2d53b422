/** Planted in the scratch files of transient messages: bodies lost, mixed up, forgotten, or left behind. */
import type { Bug } from './bug.ts'

export const scratchBugs: readonly Bug[] = [
  {
    what: 'a scratch file goes before its last message',
    file: 'src/broker/scratch.ts',
    right: 'if (file.live === 0) this.#retire(file)',
    wrong: 'if (file.live <= 1) this.#retire(file)',
    by: ['src/broker/scratch.test'],
  },
  {
    what: 'a block of a scratch file is looked for in the file before',
    file: 'src/broker/scratch.ts',
    right: 'if (block.file !== file || !block.covers(offset)) continue',
    wrong: 'if (!block.covers(offset)) continue',
    by: ['src/broker/scratch.test'],
  },
  {
    what: 'a body that a scratch file gives back changed is handed out',
    file: 'src/broker/scratch-file.ts',
    right: 'if (count !== size || this.#place.checksum(wanted, 0, size) !== sum) {',
    wrong: 'if (count !== size) {',
    by: ['src/broker/scratch.test'],
  },
  {
    what: 'the memory of a block is used again while it is looked into',
    file: 'src/broker/scratch.ts',
    right: 'if (this.#recent === block) this.#recent = null',
    wrong: '',
    by: ['src/broker/scratch.test'],
  },
  {
    what: 'a block that could not be written to its scratch file is forgotten',
    file: 'src/broker/scratch-writer.ts',
    right: 'return block.file.isGone\n',
    wrong: 'return true\n',
    by: ['src/broker/scratch.test'],
  },
  {
    what: 'who is held because scratch files are full is not called when one goes',
    file: 'src/broker/scratch.ts',
    right: '// There may be space now.\n    this.#writer.again()\n    this.#room()',
    wrong: '// There may be space now.\n    this.#writer.again()',
    by: ['src/broker/scratch.test'],
  },
  {
    what: 'a body that moved within the scratch is looked for where it was',
    file: 'src/broker/scratch-cleaner.ts',
    right: 'owner.moved(cursor, moved)',
    wrong: '',
    by: ['src/broker/scratch.test'],
  },
  {
    what: 'what died in a scratch file is moved out of it, too',
    file: 'src/broker/scratch-cleaner.ts',
    right: 'if (owner.lives(cursor, address)) {',
    wrong: 'if (address >= 0) {',
    by: ['src/broker/scratch.test'],
  },
  {
    what: 'scratch files of a killed run stay',
    file: 'src/broker/scratch-names.ts',
    right: 'if (left.length === 0) return',
    wrong: 'return',
    by: ['src/broker/scratch-names.test'],
  },
  {
    what: 'a transient message that cannot be read back holds up its queue for ever',
    file: 'src/broker/dispatcher.ts',
    right: 'this.settle(desk.queue, sequence, 1)\n    done()',
    wrong: '',
    by: ['src/broker/spilling.test'],
  },
  {
    what: 'a body in a scratch file is looked for in memory',
    file: 'src/broker/transient.ts',
    right: 'return place === this.#scratch ? SCRATCH_FROM + ticket : ticket',
    wrong: 'return ticket',
    by: ['src/broker/spilling.test'],
  },
]
