/**
 * Tells plain values from the rest: those that JSON gives back exactly as `structuredClone` would, and three to
 * five times as fast as v8's own way. It only looks; whoever asks decides what to do.
 */

/** Objects and arrays in one plain value: each is compared with those before, to find one that is there twice. */
const objectsMax = 16

/** Members of one object or array: of long ones v8's own way is the faster. */
const membersMax = 64

const seen: object[] = []

/**
 * Whether the value is made of nothing but objects without a class, arrays without holes or extra properties,
 * strings, booleans, null and numbers that JSON can write, and none of its objects is in it twice.
 */
export function isPlain(value: object): boolean {
  try {
    return isPlainObject(value)
  } finally {
    seen.length = 0
  }
}

function isPlainObject(value: object): boolean {
  // Twice the same object (or itself, inside) must come back as the same object twice, which JSON cannot say.
  if (seen.length === objectsMax || seen.includes(value)) return false
  seen.push(value)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Array.prototype) return isPlainArray(value as readonly unknown[])
  if (prototype !== Object.prototype) return false
  const members = value as Readonly<Record<string, unknown>>
  const keys = Object.keys(members)
  if (keys.length > membersMax) return false
  for (const key of keys) if (!isPlainMember(members[key])) return false
  return true
}

function isPlainArray(items: readonly unknown[]): boolean {
  if (items.length > membersMax) return false
  for (const item of items) if (!isPlainMember(item)) return false
  // Holes are members that are not there, and were refused as undefined; what a match of a RegExp has is more.
  return Object.keys(items).length === items.length
}

function isPlainMember(member: unknown): boolean {
  switch (typeof member) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      // JSON makes null of NaN and the infinities, and 0 of -0.
      return Number.isFinite(member) && !Object.is(member, -0)
    case 'object':
      return member === null || isPlainObject(member)
    default:
      return false
  }
}
