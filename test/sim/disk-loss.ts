/** What a disk may lose besides what a power cut takes: whole files. Makes images of images; changes none. */
import { CrashPoint } from './crash-point.ts'
import type { NameTree } from './disk-names.ts'
import { Image } from './disk-outcomes.ts'

/** The image without one file of a directory; it goes by the same name. */
export function withoutFile(image: Image, directory: string, name: string): Image {
  const build = (): NameTree => {
    const tree = image.tree()
    tree.remove(`${directory}/${name}`)
    tree.syncDirectory(tree.directory(directory), tree.sequence)
    return tree
  }
  const { identity } = new CrashPoint(build(), { call: 0, mark: 0, version: 0 }).killed()
  return new Image(image.name, identity, build)
}
