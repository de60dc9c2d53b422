/**
 * Who reads a stream together: the members of each group in this process share its partitions out among
 * themselves, each partition to one member at a time. Membership is lost at a restart; how far the group has
 * come is not.
 */
import type { Stream } from '../machine/stream.ts'

/** A reader in a group. */
export interface GroupMember {
  /** From now on it reads these partitions, and no other. */
  assigned(partitions: readonly number[]): void
}

export class GroupDesks {
  readonly #members = new Map<Stream, Map<string, GroupMember[]>>()

  join(stream: Stream, group: string, member: GroupMember): void {
    const groups = this.#members.get(stream) ?? new Map<string, GroupMember[]>()
    this.#members.set(stream, groups)
    const members = groups.get(group) ?? []
    groups.set(group, members)
    members.push(member)
    share(stream, members)
  }

  hasMembers(stream: Stream, group: string): boolean {
    return this.#members.get(stream)?.has(group) === true
  }

  leave(stream: Stream, group: string, member: GroupMember): void {
    const groups = this.#members.get(stream)
    const members = groups?.get(group)?.filter((each) => each !== member) ?? []
    if (members.length > 0) {
      groups?.set(group, members)
      share(stream, members)
      return
    }
    groups?.delete(group)
    if (groups?.size === 0) this.#members.delete(stream)
  }
}

/** Neighbouring partitions to one member, the first members getting one more where it does not come out even. */
function share(stream: Stream, members: readonly GroupMember[]): void {
  const count = stream.partitions.length
  let from = 0
  for (const [index, member] of members.entries()) {
    const to = from + Math.floor(count / members.length) + (index < count % members.length ? 1 : 0)
    member.assigned(Array.from({ length: to - from }, (_, place) => from + place))
    from = to
  }
}
