/** What we use of fs-native-extensions, which has no types of its own. */
declare module 'fs-native-extensions' {
  const extensions: {
    /** Whether the exclusive lock on the whole file was free and is ours now. */
    tryLock(handle: number): boolean
  }
  // biome-ignore lint/style/noDefaultExport: a CommonJS module, as an ES module sees it
  export default extensions
}
