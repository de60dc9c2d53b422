/** Branded types: two numbers of different meaning cannot be swapped without a compile error (STYLE 4.4). */
declare const brand: unique symbol

export type Brand<T, Name extends string> = T & { readonly [brand]: Name }
